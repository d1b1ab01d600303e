// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {FeeSchedules} from "./FeeSchedules.sol";
import {IBN254CertificateVerifier, IBN254CertificateVerifierTypes} from "./interfaces/IBN254CertificateVerifier.sol";
import {OperatorSet} from "./interfaces/ICertificateVerifier.sol";
import {IECDSACertificateVerifier, IECDSACertificateVerifierTypes} from "./interfaces/IECDSACertificateVerifier.sol";
import {IFeeVault} from "./interfaces/IFeeVault.sol";
import {IKeyRegistrar} from "./interfaces/IKeyRegistrar.sol";
import {IWorkflowStateMachine} from "./interfaces/IWorkflowStateMachine.sol";
import {OperatorInfoTree} from "./libraries/OperatorInfoTree.sol";

/// @title The fee vault of one state machine
/// @notice See IFeeVault for what each function requires.
/// @dev Of each token, ether included, the vault holds exactly what it owes: totalEscrow + totalUnclaimed. Money that
///      is sent past the functions (there is no `receive`, but a token or a dying contract asks nobody) is nobody's and
///      stays.
contract FeeVault is FeeSchedules, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    /// @notice What the vault's own work is taken to cost a submitter: below what it does cost once every account that
    ///         is paid has been paid before.
    uint256 public constant SETTLEMENT_GAS = 80_000;

    uint256 private constant BASIS_POINTS = 10_000;
    /// @dev Keeps gas · price · rate, 64 + 64 + 96 bits, within a word whatever the machine measured.
    uint256 private constant MAX_GAS = type(uint64).max;
    uint256 private constant SIGNED_WEIGHT_BITS = 160;
    uint256 private constant WORD_BITS = 256;

    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    /// @dev A settlement reads and writes the first slot alone. `remaining` says how far the execution is: each
    ///      settlement takes one, and the end takes all.
    struct Escrow {
        uint96 perPhase; //      96: zero if the execution has not paid here
        uint32 scheduleId; //   128
        uint32 remaining; //    160
        address payer; //       160
    }

    /// @dev A settlement writes the first two slots, and a word of bits for each 256 operators of whom one did not
    ///      sign.
    struct Pool {
        address avs; //               160
        uint32 operatorSetId; //      192
        uint32 referenceTimestamp; // 224
        bool settled; //              232
        uint8 weightShift; //         240: every weight of this phase counts without that many low bits
        bool bySigners; //            248: it was told who signed, not who did not
        uint96 amount; //              96
        uint160 signedWeight; //      256
        uint96 paid;
        mapping(uint256 word => uint256) nonSigners;
        mapping(uint256 word => uint256) claimed;
        bytes32 signersHash; //       256: with `bySigners`
    }

    struct Totals {
        uint128 escrow;
        uint128 unclaimed;
    }

    /// @inheritdoc IFeeVault
    address public immutable keyRegistrar;

    mapping(address token => Totals) private _totals;
    mapping(address token => mapping(address account => uint256)) private _credits;
    mapping(bytes32 executionId => Escrow) private _escrows;
    mapping(bytes32 executionId => mapping(uint32 phaseIndex => Pool)) private _pools;

    modifier onlyMachine() {
        if (msg.sender != machine) revert OnlyMachine(machine, msg.sender);
        _;
    }

    /// @param machine_ The state machine, at its proxy's address.
    /// @param keyRegistrar_ EigenLayer's, or a local network's OperatorTable.
    constructor(address machine_, address keyRegistrar_) FeeSchedules(machine_) {
        if (keyRegistrar_ == address(0)) revert ZeroAddress();
        keyRegistrar = keyRegistrar_;
    }

    // ── State machine ────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IFeeVault
    function chargeWorkflow(address creator) external payable onlyMachine nonReentrant {
        FeeSchedule storage current = _current();
        (address token, uint256 fee) = (current.token, current.workflowFee);
        Totals storage totals = _accept(token, creator, fee);
        if (fee == 0) return;
        totals.unclaimed += uint128(fee);
        emit WorkflowCharged(creator, token, fee);
        _credit(token, current.protocolRecipient, fee);
        _pull(token, creator, fee);
    }

    /// @inheritdoc IFeeVault
    function open(bytes32 executionId, bytes32 workflowId, address payer, uint32 phaseCount, bytes calldata payload)
        external
        payable
        onlyMachine
        nonReentrant
        returns (uint256 perPhase)
    {
        if (_escrows[executionId].perPhase != 0) revert AlreadyOpen(executionId);
        uint32 scheduleId = _lastScheduleId;
        FeeSchedule storage current = _schedules[scheduleId];
        address token = current.token;
        perPhase = _pricePerPhase(current, workflowId, payer, payload, phaseCount);
        uint256 total = perPhase * phaseCount;
        Totals storage totals = _accept(token, payer, total);
        if (perPhase == 0) return 0;
        totals.escrow += uint128(total);
        _escrows[executionId] = Escrow(uint96(perPhase), scheduleId, phaseCount, payer);
        emit EscrowOpened(executionId, payer, token, scheduleId, perPhase, phaseCount);
        _pull(token, payer, total);
    }

    /// @inheritdoc IFeeVault
    /// @dev Not `nonReentrant`, nor is `close`: they call nobody, find everything consistent whenever they are called,
    ///      and must not fail because their caller happens to be paid by this vault in the same transaction.
    function settle(bytes32 executionId, uint32 phaseIndex, Settlement calldata settlement) external onlyMachine {
        _settle(executionId, phaseIndex, settlement);
    }

    /// @inheritdoc IFeeVault
    function settleSigners(
        bytes32 executionId,
        uint32 phaseIndex,
        Settlement calldata settlement,
        address[] calldata signers
    ) external onlyMachine {
        Pool storage pool = _settle(executionId, phaseIndex, settlement);
        pool.bySigners = true;
        pool.signersHash = keccak256(abi.encode(signers));
        emit PhaseSigned(executionId, phaseIndex, signers);
    }

    /// @inheritdoc IFeeVault
    function close(bytes32 executionId) external onlyMachine {
        Escrow storage escrow = _opened(executionId);
        uint256 left = uint256(escrow.perPhase) * escrow.remaining;
        if (left == 0) return;
        escrow.remaining = 0;
        address token = _schedules[escrow.scheduleId].token;
        _release(token, left);
        emit EscrowReturned(executionId, escrow.payer, left);
        _credit(token, escrow.payer, left);
    }

    // ── Everybody ────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IFeeVault
    /// @dev Verifier and key registrar are asked with static calls, so that nothing can change in between.
    function claim(
        bytes32 executionId,
        uint32 phaseIndex,
        uint32 operatorIndex,
        IBN254CertificateVerifierTypes.BN254OperatorInfo calldata info,
        bytes calldata proof
    ) external returns (uint256 amount) {
        Pool storage pool = _settledPool(executionId, phaseIndex, false);
        if (_isIn(pool.nonSigners, operatorIndex)) revert NotASigner(operatorIndex);
        if (_isIn(pool.claimed, operatorIndex)) revert AlreadyClaimed(operatorIndex);
        OperatorSet memory operatorSet = OperatorSet(pool.avs, pool.operatorSetId);
        _requireInTable(operatorSet, pool.referenceTimestamp, operatorIndex, info, proof);
        address operator = _operatorOf(operatorSet, info);
        amount = _shareOf(pool, operatorIndex, info.weights);
        _payOut(executionId, phaseIndex, pool, operatorIndex, operator, amount);
    }

    /// @inheritdoc IFeeVault
    /// @dev The table is asked, not proven: the verifier has all of it.
    function claimAsSigner(bytes32 executionId, uint32 phaseIndex, uint32 operatorIndex, address[] calldata signers)
        external
        returns (uint256 amount)
    {
        Pool storage pool = _settledPool(executionId, phaseIndex, true);
        if (keccak256(abi.encode(signers)) != pool.signersHash) revert OtherSigners(executionId, phaseIndex);
        if (_isIn(pool.claimed, operatorIndex)) revert AlreadyClaimed(operatorIndex);
        OperatorSet memory operatorSet = OperatorSet(pool.avs, pool.operatorSetId);
        address verifier = IWorkflowStateMachine(machine).ecdsaVerifier();
        IECDSACertificateVerifierTypes.ECDSAOperatorInfo memory info =
            IECDSACertificateVerifier(verifier).getOperatorInfo(operatorSet, pool.referenceTimestamp, operatorIndex);
        if (!_isAmong(info.pubkey, signers)) revert NotASigner(operatorIndex);
        address operator = _operatorOf(operatorSet, info.pubkey);
        amount = _shareOf(pool, operatorIndex, info.weights);
        _payOut(executionId, phaseIndex, pool, operatorIndex, operator, amount);
    }

    /// @inheritdoc IFeeVault
    function withdraw(address token) external returns (uint256 amount) {
        return _withdraw(token, msg.sender);
    }

    /// @inheritdoc IFeeVault
    function withdrawTo(address token, address recipient) external returns (uint256 amount) {
        if (recipient == address(0) || recipient == address(this)) revert InvalidRecipient(recipient);
        return _withdraw(token, recipient);
    }

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IFeeVault
    function creditOf(address token, address account) external view returns (uint256) {
        return _credits[token][account];
    }

    /// @inheritdoc IFeeVault
    function escrowOf(bytes32 executionId) external view returns (EscrowView memory) {
        Escrow storage escrow = _escrows[executionId];
        return EscrowView({
            payer: escrow.payer,
            token: _tokenOf(executionId),
            scheduleId: escrow.scheduleId,
            remaining: escrow.remaining,
            perPhase: escrow.perPhase,
            amount: uint256(escrow.perPhase) * escrow.remaining
        });
    }

    /// @inheritdoc IFeeVault
    function poolOf(bytes32 executionId, uint32 phaseIndex) external view returns (PoolView memory) {
        Pool storage pool = _pools[executionId][phaseIndex];
        return PoolView({
            settled: pool.settled,
            token: pool.settled ? _tokenOf(executionId) : ETHER,
            avs: pool.avs,
            operatorSetId: pool.operatorSetId,
            referenceTimestamp: pool.referenceTimestamp,
            amount: pool.amount,
            paid: pool.paid,
            signedWeight: uint256(pool.signedWeight) << pool.weightShift
        });
    }

    /// @inheritdoc IFeeVault
    function isNonSigner(bytes32 executionId, uint32 phaseIndex, uint32 operatorIndex) external view returns (bool) {
        return _isIn(_pools[executionId][phaseIndex].nonSigners, operatorIndex);
    }

    /// @inheritdoc IFeeVault
    function hasClaimed(bytes32 executionId, uint32 phaseIndex, uint32 operatorIndex) external view returns (bool) {
        return _isIn(_pools[executionId][phaseIndex].claimed, operatorIndex);
    }

    /// @inheritdoc IFeeVault
    function totalEscrow(address token) external view returns (uint256) {
        return _totals[token].escrow;
    }

    /// @inheritdoc IFeeVault
    function totalUnclaimed(address token) external view returns (uint256) {
        return _totals[token].unclaimed;
    }

    // ── Internals: paying in ─────────────────────────────────────────────────────────────────────────

    /// @dev Holds what came with the call against what is due; ether beyond it becomes the payer's credit. It is for
    ///      the caller to count what is due, and then to pull it.
    function _accept(address token, address payer, uint256 due) private returns (Totals storage totals) {
        if (token != ETHER && msg.value != 0) revert UnexpectedValue(msg.value);
        if (token == ETHER && msg.value < due) revert FeeNotPaid(due, msg.value);
        uint256 excess = token == ETHER ? msg.value - due : 0;
        totals = _totals[token];
        uint256 held = uint256(totals.escrow) + totals.unclaimed + due + excess;
        if (held > type(uint128).max) revert TooMuchHeld(type(uint128).max, held);
        if (excess == 0) return totals;
        totals.unclaimed += uint128(excess);
        _credit(ETHER, payer, excess);
    }

    function _pull(address token, address payer, uint256 amount) private {
        if (token == ETHER) return;
        uint256 expected = IERC20(token).balanceOf(address(this)) + amount;
        IERC20(token).safeTransferFrom(payer, address(this), amount);
        uint256 actual = IERC20(token).balanceOf(address(this));
        if (actual != expected) revert InexactTransfer(token, expected, actual);
    }

    // ── Internals: settling ──────────────────────────────────────────────────────────────────────────

    function _settle(bytes32 executionId, uint32 phaseIndex, Settlement calldata settlement)
        private
        returns (Pool storage pool)
    {
        Escrow storage escrow = _opened(executionId);
        if (escrow.remaining == 0) revert EscrowSpent(executionId);
        pool = _pools[executionId][phaseIndex];
        if (pool.settled) revert AlreadySettled(executionId, phaseIndex);
        if (settlement.signedWeight == 0) revert NoStakeSigned();

        FeeSchedule storage agreed = _schedules[escrow.scheduleId];
        address token = agreed.token;
        uint256 perPhase = escrow.perPhase;
        --escrow.remaining;
        _release(token, perPhase);
        (uint256 toProtocol, uint256 toSubmitter, uint256 toOperators) = _split(agreed, perPhase, settlement);
        _record(pool, settlement, toOperators);
        emit PhaseSettled(executionId, phaseIndex, settlement.submitter, toProtocol, toSubmitter, toOperators);
        _credit(token, agreed.protocolRecipient, toProtocol);
        _credit(token, settlement.submitter, toSubmitter);
    }

    function _opened(bytes32 executionId) private view returns (Escrow storage escrow) {
        escrow = _escrows[executionId];
        if (escrow.perPhase == 0) revert UnknownEscrow(executionId);
    }

    function _tokenOf(bytes32 executionId) private view returns (address) {
        return _schedules[_escrows[executionId].scheduleId].token;
    }

    /// @dev Neither sum can overflow: `_accept` lets in no more than either can hold.
    function _release(address token, uint256 amount) private {
        Totals storage totals = _totals[token];
        totals.escrow -= uint128(amount);
        totals.unclaimed += uint128(amount);
    }

    function _split(FeeSchedule storage agreed, uint256 perPhase, Settlement calldata settlement)
        private
        view
        returns (uint256 toProtocol, uint256 toSubmitter, uint256 toOperators)
    {
        toProtocol = perPhase * agreed.protocolBps / BASIS_POINTS;
        toOperators = perPhase - toProtocol;
        if (settlement.submitter != address(0)) {
            uint256 gasCost = (Math.min(settlement.gasUsed, MAX_GAS) + SETTLEMENT_GAS)
                * Math.min(tx.gasprice, agreed.maxGasPrice) * agreed.gasRate / ONE_ETHER;
            toSubmitter = Math.min(toOperators, agreed.submitterBounty + gasCost);
            toOperators -= toSubmitter;
        }
    }

    function _record(Pool storage pool, Settlement calldata settlement, uint256 amount) private {
        pool.avs = settlement.avs;
        pool.operatorSetId = settlement.operatorSetId;
        pool.referenceTimestamp = settlement.referenceTimestamp;
        pool.settled = true;
        uint256 bits = Math.log2(settlement.signedWeight) + 1;
        uint256 shift = bits > SIGNED_WEIGHT_BITS ? bits - SIGNED_WEIGHT_BITS : 0;
        pool.weightShift = uint8(shift);
        pool.amount = uint96(amount);
        pool.signedWeight = uint160(settlement.signedWeight >> shift);
        for (uint256 i = 0; i < settlement.nonSignerIndices.length; ++i) {
            _put(pool.nonSigners, settlement.nonSignerIndices[i]);
        }
    }

    // ── Internals: taking out ────────────────────────────────────────────────────────────────────────

    function _settledPool(bytes32 executionId, uint32 phaseIndex, bool bySigners)
        private
        view
        returns (Pool storage pool)
    {
        pool = _pools[executionId][phaseIndex];
        if (!pool.settled) revert NotSettled(executionId, phaseIndex);
        if (pool.bySigners != bySigners) revert OtherCurve(executionId, phaseIndex);
    }

    function _requireInTable(
        OperatorSet memory operatorSet,
        uint32 referenceTimestamp,
        uint32 operatorIndex,
        IBN254CertificateVerifierTypes.BN254OperatorInfo calldata info,
        bytes calldata proof
    ) private view {
        IBN254CertificateVerifier verifier = IBN254CertificateVerifier(IWorkflowStateMachine(machine).verifier());
        IBN254CertificateVerifierTypes.BN254OperatorSetInfo memory table =
            verifier.getOperatorSetInfo(operatorSet, referenceTimestamp);
        bytes32 leaf = OperatorInfoTree.leafOf(info);
        if (!OperatorInfoTree.includes(table.operatorInfoTreeRoot, table.numOperators, leaf, operatorIndex, proof)) {
            revert InvalidOperatorProof(operatorIndex);
        }
    }

    function _operatorOf(OperatorSet memory operatorSet, IBN254CertificateVerifierTypes.BN254OperatorInfo calldata info)
        private
        view
        returns (address operator)
    {
        (operator,) = IKeyRegistrar(keyRegistrar).getOperatorFromSigningKey(operatorSet, abi.encode(info.pubkey));
        if (operator == address(0)) revert UnknownSigningKey(info.pubkey.X, info.pubkey.Y);
    }

    function _operatorOf(OperatorSet memory operatorSet, address key) private view returns (address operator) {
        (operator,) = IKeyRegistrar(keyRegistrar).getOperatorFromSigningKey(operatorSet, abi.encodePacked(key));
        if (operator == address(0)) revert UnknownSigningKey(uint160(key), 0);
    }

    function _isAmong(address key, address[] calldata signers) private pure returns (bool) {
        for (uint256 i = 0; i < signers.length; ++i) {
            if (signers[i] == key) return true;
        }
        return false;
    }

    /// @dev Rounding down each weight and each share keeps their sum within the pool. The second check is for a
    ///      verifier that lies: it can spoil the pool that it lies about, and no other money.
    function _shareOf(Pool storage pool, uint32 operatorIndex, uint256[] memory weights)
        private
        view
        returns (uint256 share)
    {
        uint256 weight = weights.length == 0 ? 0 : weights[0] >> pool.weightShift;
        share = Math.mulDiv(pool.amount, weight, pool.signedWeight);
        if (share == 0) revert EmptyShare(operatorIndex);
        uint256 available = pool.amount - pool.paid;
        if (share > available) revert PoolExceeded(available, share);
    }

    function _payOut(
        bytes32 executionId,
        uint32 phaseIndex,
        Pool storage pool,
        uint32 operatorIndex,
        address operator,
        uint256 amount
    ) private {
        _put(pool.claimed, operatorIndex);
        pool.paid += uint96(amount);
        emit ShareClaimed(executionId, phaseIndex, operatorIndex, operator, amount);
        _credit(_tokenOf(executionId), operator, amount);
    }

    function _withdraw(address token, address recipient) private nonReentrant returns (uint256 amount) {
        amount = _credits[token][msg.sender];
        if (amount == 0) revert NothingToWithdraw(token, msg.sender);
        _credits[token][msg.sender] = 0;
        _totals[token].unclaimed -= uint128(amount);
        emit Withdrawn(token, msg.sender, recipient, amount);
        if (token != ETHER) {
            IERC20(token).safeTransfer(recipient, amount);
            return amount;
        }
        (bool taken,) = recipient.call{value: amount}("");
        if (!taken) revert EtherRefused(recipient, amount);
    }

    // ── Internals: accounts and bits ─────────────────────────────────────────────────────────────────

    /// @dev What is credited must have been counted in the token's `unclaimed`.
    function _credit(address token, address account, uint256 amount) private {
        if (amount == 0) return;
        _credits[token][account] += amount;
        emit Credited(token, account, amount);
    }

    function _isIn(mapping(uint256 word => uint256) storage bits, uint32 index) private view returns (bool) {
        return bits[index / WORD_BITS] >> (index % WORD_BITS) & 1 == 1;
    }

    function _put(mapping(uint256 word => uint256) storage bits, uint32 index) private {
        bits[index / WORD_BITS] |= 1 << (index % WORD_BITS);
    }
}
