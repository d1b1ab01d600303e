// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title BN254 (alt_bn128) as EigenLayer signs with it
/// @notice Signatures are in G1, public keys in G1 and G2, over the EVM's precompiles 0x05 to 0x08 (EIP-196,
///         EIP-197, EIP-198).
/// @dev A precompile that is handed an invalid point fails and keeps all the gas it was given. Every G1 point from
///      outside is therefore checked here before a precompile sees it, and the pairing runs under a gas cap.
library BN254 {
    struct G1Point {
        uint256 X;
        uint256 Y;
    }

    /// @dev Imaginary part first: `X[0]` is the coefficient of i.
    struct G2Point {
        uint256[2] X;
        uint256[2] Y;
    }

    /// @notice A G1 point is off the curve, or one of its coordinates is not reduced: check every point that you pass.
    error InvalidPoint(uint256 x, uint256 y);
    /// @notice Two points could not be added: give the call more gas.
    error ECAddFailed();
    /// @notice A point could not be multiplied: give the call more gas.
    error ECMulFailed();
    /// @notice A power could not be computed: give the call more gas.
    error ExpModFailed();

    /// @notice The order of the field that coordinates are in.
    uint256 internal constant FIELD_ORDER =
        21_888_242_871_839_275_222_246_405_745_257_275_088_696_311_157_297_823_662_689_037_894_645_226_208_583;
    /// @notice The order of the groups; private keys are in 1 to this minus 1.
    uint256 internal constant GROUP_ORDER =
        21_888_242_871_839_275_222_246_405_745_257_275_088_548_364_400_416_034_343_698_204_186_575_808_495_617;

    uint256 private constant CURVE_B = 3;
    /// @dev (FIELD_ORDER + 1) / 4: raising a square to it gives a root, since FIELD_ORDER = 3 mod 4.
    uint256 private constant ROOT_EXPONENT = 0xc19139cb84c680a6e14116da060561765e05aa45a1c72a34f082305b61f3f52;

    uint256 private constant NEGATED_G2_X1 =
        11_559_732_032_986_387_107_991_004_021_392_285_783_925_812_861_821_192_530_917_403_151_452_391_805_634;
    uint256 private constant NEGATED_G2_X0 =
        10_857_046_999_023_057_135_944_570_762_232_829_481_370_756_359_578_518_086_990_519_993_285_655_852_781;
    uint256 private constant NEGATED_G2_Y1 =
        17_805_874_995_975_841_540_914_202_342_111_839_520_379_459_829_704_422_454_583_296_818_431_106_115_052;
    uint256 private constant NEGATED_G2_Y0 =
        13_392_588_948_715_843_804_641_432_497_768_002_650_278_120_570_034_223_513_918_757_245_338_268_106_653;

    address private constant EXPMOD = address(5);
    address private constant EC_ADD = address(6);
    address private constant EC_MUL = address(7);
    address private constant EC_PAIRING = address(8);

    /// @dev Two pairings cost 113,000 gas; the rest is what an invalid G2 point may burn. EigenLayer's own cap.
    uint256 private constant PAIRING_GAS = 400_000;

    function generatorG1() internal pure returns (G1Point memory) {
        return G1Point(1, 2);
    }

    /// @notice The negated generator of G2: the fixed side of every signature check.
    function negatedGeneratorG2() internal pure returns (G2Point memory) {
        return G2Point([NEGATED_G2_X1, NEGATED_G2_X0], [NEGATED_G2_Y1, NEGATED_G2_Y0]);
    }

    function isIdentity(G1Point memory point) internal pure returns (bool) {
        return point.X == 0 && point.Y == 0;
    }

    function isIdentity(G2Point memory point) internal pure returns (bool) {
        return point.X[0] == 0 && point.X[1] == 0 && point.Y[0] == 0 && point.Y[1] == 0;
    }

    /// @notice Whether the point is the identity or satisfies y² = x³ + 3 with reduced coordinates. G1's cofactor is
    ///         1, so every such point is in the group.
    function isOnCurve(G1Point memory point) internal pure returns (bool) {
        if (isIdentity(point)) return true;
        if (point.X >= FIELD_ORDER || point.Y >= FIELD_ORDER) return false;
        return mulmod(point.Y, point.Y, FIELD_ORDER) == _curveAt(point.X);
    }

    /// @notice Refuses a point that a precompile would burn all gas on.
    function requireOnCurve(G1Point memory point) internal pure {
        if (!isOnCurve(point)) revert InvalidPoint(point.X, point.Y);
    }

    function negate(G1Point memory point) internal pure returns (G1Point memory) {
        if (isIdentity(point)) return point;
        return G1Point(point.X, FIELD_ORDER - (point.Y % FIELD_ORDER));
    }

    /// @notice The sum of two points, both of which must be on the curve.
    function add(G1Point memory a, G1Point memory b) internal view returns (G1Point memory sum) {
        requireOnCurve(a);
        requireOnCurve(b);
        (bool success, bytes memory output) = EC_ADD.staticcall(abi.encode(a, b));
        if (!success) revert ECAddFailed();
        return abi.decode(output, (G1Point));
    }

    /// @notice `scalar` times the point, which must be on the curve.
    function mul(G1Point memory point, uint256 scalar) internal view returns (G1Point memory product) {
        requireOnCurve(point);
        (bool success, bytes memory output) = EC_MUL.staticcall(abi.encode(point, scalar));
        if (!success) revert ECMulFailed();
        return abi.decode(output, (G1Point));
    }

    /// @notice Whether e(a1, a2) · e(b1, b2) is 1.
    /// @return computed False if a point was invalid: off its curve, or in G2 outside the group.
    /// @return isOne False as well if `computed` is.
    function pairing(G1Point memory a1, G2Point memory a2, G1Point memory b1, G2Point memory b2)
        internal
        view
        returns (bool computed, bool isOne)
    {
        bytes memory output;
        (computed, output) = EC_PAIRING.staticcall{gas: PAIRING_GAS}(abi.encode(a1, a2, b1, b2));
        isOne = computed && output.length == 32 && abi.decode(output, (uint256)) == 1;
    }

    /// @notice The first point at or after x = digest mod p: try-and-increment, no sign normalisation.
    function hashToG1(bytes32 digest) internal view returns (G1Point memory) {
        uint256 x = uint256(digest) % FIELD_ORDER;
        while (true) {
            uint256 square = _curveAt(x);
            uint256 y = _expMod(square, ROOT_EXPONENT);
            if (mulmod(y, y, FIELD_ORDER) == square) return G1Point(x, y);
            x = addmod(x, 1, FIELD_ORDER);
        }
        revert ExpModFailed(); // Unreachable: half of all x have a point.
    }

    /// @notice Checks a BLS signature and, in the same pairing, that the two halves of the public key belong together.
    /// @dev γ is drawn from everything that is checked, so that neither equation can be traded against the other:
    ///      e(sig + γ·pkG1, -G2) · e(H(digest) + γ·G1, pkG2) = 1.
    /// @return valid Whether the signature verifies.
    /// @return computed Whether the pairing could be computed; false for an invalid `publicKeyG2`.
    function verifySignature(
        bytes32 digest,
        G1Point memory publicKeyG1,
        G2Point memory publicKeyG2,
        G1Point memory signature
    ) internal view returns (bool valid, bool computed) {
        uint256 gamma = uint256(
            keccak256(
                abi.encodePacked(
                    digest,
                    publicKeyG1.X,
                    publicKeyG1.Y,
                    publicKeyG2.X[0],
                    publicKeyG2.X[1],
                    publicKeyG2.Y[0],
                    publicKeyG2.Y[1],
                    signature.X,
                    signature.Y
                )
            )
        ) % GROUP_ORDER;
        (computed, valid) = pairing(
            add(signature, mul(publicKeyG1, gamma)),
            negatedGeneratorG2(),
            add(hashToG1(digest), mul(generatorG1(), gamma)),
            publicKeyG2
        );
    }

    /// @dev x³ + 3.
    function _curveAt(uint256 x) private pure returns (uint256) {
        return addmod(mulmod(mulmod(x, x, FIELD_ORDER), x, FIELD_ORDER), CURVE_B, FIELD_ORDER);
    }

    function _expMod(uint256 base, uint256 exponent) private view returns (uint256) {
        (bool success, bytes memory output) =
            EXPMOD.staticcall(abi.encode(uint256(32), uint256(32), uint256(32), base, exponent, FIELD_ORDER));
        if (!success || output.length != 32) revert ExpModFailed();
        return abi.decode(output, (uint256));
    }
}
