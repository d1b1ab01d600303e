// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {OperatorSet} from "../../src/interfaces/ICertificateVerifier.sol";
import {IECDSACertificateVerifierTypes as EcdsaTypes} from "../../src/interfaces/IECDSACertificateVerifier.sol";
import {IEcdsaOperatorTable} from "../../src/interfaces/IEcdsaOperatorTable.sol";
import {IWorkflowStateMachineTypes as Types} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {EcdsaOperatorTable} from "../../src/local/EcdsaOperatorTable.sol";
import {Machines} from "./Machines.sol";

/// @title Operators with keys on secp256k1, as many as a test wants, in an operator set of their own
/// @notice They stand in their table in no order of their keys, so that a signature's place is never a row's.
abstract contract EcdsaOperators is Machines {
    uint256 internal constant S_BYTES_END = 64;
    uint256 internal constant SIGNATURE_BYTES = 65;
    /// @dev The order of secp256k1.
    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    EcdsaOperatorTable internal ecdsaTable;
    OperatorSet internal keyed = OperatorSet(AVS, 11);

    /// @dev A machine with both verifiers; the second has a table of so many.
    function setUpEcdsa(uint256 members) internal {
        setUpMachine();
        ecdsaTable = newEcdsaTable();
        machine.setEcdsaVerifier(address(ecdsaTable));
        publish(keyed, members);
    }

    function newEcdsaTable() internal returns (EcdsaOperatorTable) {
        return EcdsaOperatorTable(vm.deployCode("EcdsaOperatorTable.sol", abi.encode(address(this))));
    }

    function publish(OperatorSet memory set, uint256 members) internal {
        ecdsaTable.configureOperatorSet(set, 0);
        ecdsaTable.publishTable(set, rows(members));
    }

    function rows(uint256 members) internal pure returns (IEcdsaOperatorTable.EcdsaOperatorEntry[] memory entries) {
        entries = new IEcdsaOperatorTable.EcdsaOperatorEntry[](members);
        for (uint256 i = 0; i < members; ++i) {
            uint256[] memory weights = new uint256[](1);
            weights[0] = weightOf(i);
            entries[i] = IEcdsaOperatorTable.EcdsaOperatorEntry(operatorAt(i), keyAt(i), weights);
        }
    }

    function secretAt(uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode("secret", index))) % ORDER;
    }

    function keyAt(uint256 index) internal pure returns (address) {
        return vm.addr(secretAt(index));
    }

    function ecdsaStakeOf(uint256 mask) internal pure returns (uint256 stake) {
        for (uint256 i = 0; mask >> i != 0; ++i) {
            if (mask >> i & 1 == 1) stake += weightOf(i);
        }
    }

    // ── What they sign ───────────────────────────────────────────────────────────────────────────────

    /// @dev The secrets of those in `mask`, in rising order of their keys.
    function inOrder(uint256 mask) internal pure returns (uint256[] memory secrets) {
        uint256 count = 0;
        for (uint256 rest = mask; rest != 0; rest &= rest - 1) {
            ++count;
        }
        secrets = new uint256[](count);
        uint256 filled = 0;
        for (uint256 i = 0; mask >> i != 0; ++i) {
            if (mask >> i & 1 == 0) continue;
            uint256 secret = secretAt(i);
            uint256 place = filled++;
            while (place != 0 && vm.addr(secrets[place - 1]) > vm.addr(secret)) {
                secrets[place] = secrets[place - 1];
                --place;
            }
            secrets[place] = secret;
        }
    }

    function addressesOf(uint256[] memory secrets) internal pure returns (address[] memory addresses) {
        addresses = new address[](secrets.length);
        for (uint256 i = 0; i < secrets.length; ++i) {
            addresses[i] = vm.addr(secrets[i]);
        }
    }

    function signature(uint256 secret, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        return abi.encodePacked(r, s, v);
    }

    function signatures(uint256[] memory secrets, bytes32 digest) internal pure returns (bytes memory all) {
        for (uint256 i = 0; i < secrets.length; ++i) {
            all = bytes.concat(all, signature(secrets[i], digest));
        }
    }

    function ecdsaCertificate(uint32 referenceTimestamp, bytes32 messageHash, uint256[] memory secrets)
        internal
        view
        returns (EcdsaTypes.ECDSACertificate memory)
    {
        bytes32 digest = ecdsaTable.calculateCertificateDigest(referenceTimestamp, messageHash);
        return EcdsaTypes.ECDSACertificate(referenceTimestamp, messageHash, signatures(secrets, digest));
    }

    /// @dev The encoded certificate for a phase's result, by the operators in `mask`.
    function ecdsaCertificateFor(bytes32 executionId, uint32 phaseIndex, bytes memory result, uint256 mask)
        internal
        view
        returns (bytes memory)
    {
        bytes32 messageHash = machine.getMessageHash(executionId, phaseIndex, 0, result);
        uint32 pinned = machine.getPhase(executionId, phaseIndex).referenceTimestamp;
        return abi.encode(ecdsaCertificate(pinned, messageHash, inOrder(mask)));
    }

    function byKeys(Types.PhaseDefinition memory phase) internal view returns (Types.PhaseDefinition memory) {
        phase.operatorSetId = keyed.id;
        return phase;
    }
}
