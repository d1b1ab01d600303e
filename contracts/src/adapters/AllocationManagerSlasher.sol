// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

import {OperatorSet} from "../interfaces/ICertificateVerifier.sol";
import {IAllocationManagerSlashing} from "./IAllocationManagerSlashing.sol";
import {ISlasher} from "./ISlasher.sol";

/// @title An AVS's slasher: takes stake through EigenLayer's allocation manager, slowly and not much at a time
/// @notice Set it as the slasher of the AVS's operator sets. What judges evidence gets JUDGE_ROLE; GUARDIAN_ROLE may object
///         until the window is over; then anybody carries the sentence out.
/// @dev Slashing can't be undone, and whoever may ask for it may be wrong. So each piece of evidence counts once, each
///      operator is slashed at the most once in a cool-down, and the terms say how much: a fault in a judge costs so
///      much and no more before its guardian has seen it.
contract AllocationManagerSlasher is ISlasher, AccessControl {
    // ── Types ────────────────────────────────────────────────────────────────────────────────────────

    /// @notice What one piece of evidence costs an operator of one operator set.
    /// @param wads For each strategy: 1e18 is all of the allocated stake.
    /// @param objectionWindow How many seconds a guardian has; zero slashes at once.
    /// @param evidenceLifetime How old evidence may be: stake that may have left can't be taken, so no longer than the
    ///        allocation manager's deallocation delay.
    /// @param coolDown How many seconds lie between two slashes of one operator, at the least.
    struct Terms {
        address[] strategies;
        uint256[] wads;
        uint32 objectionWindow;
        uint32 evidenceLifetime;
        uint32 coolDown;
    }

    enum Stage {
        NONE,
        WAITING,
        VETOED,
        DONE
    }

    struct Sentence {
        OperatorSet operatorSet;
        address operator;
        uint64 executableAt;
        uint64 misbehavedAt;
        Stage stage;
        string description;
    }

    // ── Errors ───────────────────────────────────────────────────────────────────────────────────────

    /// @notice The terms take nothing, or more than everything, of a strategy: give each a part of up to 1e18.
    error WadOutOfRange(address strategy, uint256 wad);
    /// @notice Not as many parts as strategies: give one for each.
    error TermsLengthMismatch(uint256 strategies, uint256 wads);
    /// @notice The strategies are not in strictly rising order of address: sort them, and name each once.
    error StrategiesNotAscending(address previous, address next);
    /// @notice Nobody is slashed in this operator set: set its terms first.
    error NoTerms(address avs, uint32 operatorSetId);
    /// @notice The evidence is too old: the stake may have left. Bring it sooner.
    error EvidenceTooOld(uint256 misbehavedAt, uint256 oldest);
    /// @notice The evidence is of a time that has not come: bring it when it has happened.
    error EvidenceFromTheFuture(uint256 misbehavedAt, uint256 now_);
    /// @notice This evidence has been brought before: nobody is slashed twice for it.
    error AlreadyBrought(bytes32 evidenceId);
    /// @notice The sentence is not waiting: it does not exist, was vetoed, or has been carried out.
    error NotWaiting(bytes32 evidenceId, Stage stage);
    /// @notice A guardian may still object: carry the sentence out later.
    error WindowOpen(uint256 executableAt, uint256 now_);
    /// @notice The time for objections is over: the sentence stands.
    error WindowClosed(uint256 executableAt, uint256 now_);
    /// @notice The operator was slashed a moment ago: carry the sentence out when its cool-down is over.
    error CoolingDown(address operator, uint256 until);

    // ── Events ───────────────────────────────────────────────────────────────────────────────────────

    event TermsSet(OperatorSet operatorSet, Terms terms);
    event SlashProposed(
        bytes32 indexed evidenceId,
        address indexed operator,
        OperatorSet operatorSet,
        uint256 executableAt,
        string description
    );
    event SlashVetoed(bytes32 indexed evidenceId, address indexed guardian);
    event SlashExecuted(bytes32 indexed evidenceId, address indexed operator, uint256 slashId);

    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    bytes32 public constant JUDGE_ROLE = keccak256("JUDGE_ROLE");
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");
    uint256 private constant WAD = 1e18;
    uint256 private constant AVS_SHIFT = 96;

    IAllocationManagerSlashing public immutable allocationManager;

    mapping(bytes32 operatorSetKey => Terms) private _terms;
    mapping(bytes32 evidenceId => Sentence) private _sentences;
    /// @notice Until when nobody may slash the operator in this operator set again.
    mapping(bytes32 operatorSetKey => mapping(address operator => uint256)) public coolsUntil;

    constructor(IAllocationManagerSlashing allocationManager_, address admin) {
        allocationManager = allocationManager_;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    // ── Terms ────────────────────────────────────────────────────────────────────────────────────────

    /// @notice Sets what a piece of evidence costs in an operator set; without strategies, nobody is slashed there.
    /// Requirements: the caller is an admin; strategies in strictly rising order, each with a part of up to 1e18.
    function setTerms(OperatorSet calldata operatorSet, Terms calldata terms) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (terms.strategies.length != terms.wads.length) {
            revert TermsLengthMismatch(terms.strategies.length, terms.wads.length);
        }
        address previous = address(0);
        for (uint256 i = 0; i < terms.strategies.length; ++i) {
            if (terms.strategies[i] <= previous) revert StrategiesNotAscending(previous, terms.strategies[i]);
            previous = terms.strategies[i];
            if (terms.wads[i] == 0 || terms.wads[i] > WAD) revert WadOutOfRange(previous, terms.wads[i]);
        }
        _terms[_keyOf(operatorSet)] = terms;
        emit TermsSet(operatorSet, terms);
    }

    // ── Sentences ────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ISlasher
    /// @dev Requirements: the caller is a judge; the operator set has terms; the evidence is new, and neither too old nor
    ///      from the future.
    function slash(
        OperatorSet calldata operatorSet,
        address operator,
        bytes32 evidenceId,
        uint64 misbehavedAt,
        string calldata description
    ) external onlyRole(JUDGE_ROLE) {
        Terms storage terms = _terms[_keyOf(operatorSet)];
        if (terms.strategies.length == 0) revert NoTerms(operatorSet.avs, operatorSet.id);
        if (_sentences[evidenceId].stage != Stage.NONE) revert AlreadyBrought(evidenceId);
        if (misbehavedAt > block.timestamp) revert EvidenceFromTheFuture(misbehavedAt, block.timestamp);
        _requireFresh(terms, misbehavedAt);

        uint64 executableAt = uint64(block.timestamp) + terms.objectionWindow;
        _sentences[evidenceId] = Sentence(operatorSet, operator, executableAt, misbehavedAt, Stage.WAITING, description);
        emit SlashProposed(evidenceId, operator, operatorSet, executableAt, description);
        if (terms.objectionWindow == 0) _execute(evidenceId);
    }

    /// @notice Objects to a sentence, for ever: the same evidence can't be brought again.
    /// Requirements: the caller is a guardian; the sentence waits, and its window is open.
    function veto(bytes32 evidenceId) external onlyRole(GUARDIAN_ROLE) {
        Sentence storage sentence = _waiting(evidenceId);
        if (block.timestamp >= sentence.executableAt) revert WindowClosed(sentence.executableAt, block.timestamp);
        sentence.stage = Stage.VETOED;
        emit SlashVetoed(evidenceId, msg.sender);
    }

    /// @notice Carries a sentence out; for anybody.
    /// Requirements: the sentence waits, its window is over, its evidence still fresh, the operator's cool-down over; and
    /// the allocation manager agrees.
    function execute(bytes32 evidenceId) external {
        Sentence storage sentence = _waiting(evidenceId);
        if (block.timestamp < sentence.executableAt) revert WindowOpen(sentence.executableAt, block.timestamp);
        _requireFresh(_terms[_keyOf(sentence.operatorSet)], sentence.misbehavedAt);
        _execute(evidenceId);
    }

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    function termsOf(OperatorSet calldata operatorSet) external view returns (Terms memory) {
        return _terms[_keyOf(operatorSet)];
    }

    function sentenceOf(bytes32 evidenceId) external view returns (Sentence memory) {
        return _sentences[evidenceId];
    }

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    function _execute(bytes32 evidenceId) private {
        Sentence storage sentence = _sentences[evidenceId];
        bytes32 key = _keyOf(sentence.operatorSet);
        Terms storage terms = _terms[key];
        if (terms.strategies.length == 0) revert NoTerms(sentence.operatorSet.avs, sentence.operatorSet.id);
        uint256 until = coolsUntil[key][sentence.operator];
        if (block.timestamp < until) revert CoolingDown(sentence.operator, until);

        sentence.stage = Stage.DONE;
        coolsUntil[key][sentence.operator] = block.timestamp + terms.coolDown;
        (uint256 slashId,) = allocationManager.slashOperator(
            sentence.operatorSet.avs,
            IAllocationManagerSlashing.SlashingParams(
                sentence.operator, sentence.operatorSet.id, terms.strategies, terms.wads, sentence.description
            )
        );
        emit SlashExecuted(evidenceId, sentence.operator, slashId);
    }

    function _waiting(bytes32 evidenceId) private view returns (Sentence storage sentence) {
        sentence = _sentences[evidenceId];
        if (sentence.stage != Stage.WAITING) revert NotWaiting(evidenceId, sentence.stage);
    }

    function _requireFresh(Terms storage terms, uint64 misbehavedAt) private view {
        if (block.timestamp > uint256(misbehavedAt) + terms.evidenceLifetime) {
            revert EvidenceTooOld(misbehavedAt, block.timestamp - terms.evidenceLifetime);
        }
    }

    function _keyOf(OperatorSet memory operatorSet) private pure returns (bytes32) {
        return bytes32(uint256(uint160(operatorSet.avs)) << AVS_SHIFT | operatorSet.id);
    }
}
