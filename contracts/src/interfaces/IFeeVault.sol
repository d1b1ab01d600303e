// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierTypes} from "./IBN254CertificateVerifier.sol";

/// @title What a fee vault's values look like
interface IFeeVaultTypes {
    /// @notice What running workflows costs, and who gets how much of it. Amounts are in the token's smallest unit.
    ///         All zero: everything is free.
    /// @param token The ERC-20 that fees are paid in; zero: ether.
    /// @param workflowFee For registering a workflow, all of it the protocol's.
    /// @param pricer Prices an execution in place of `phaseFee`; zero: none.
    /// @param phaseFee For each phase of an execution.
    /// @param protocolRecipient Whose credit the protocol's part is.
    /// @param protocolBps The protocol's part of a completed phase's fee, in basis points.
    /// @param maxGasPrice Wei: the highest gas price at which a submitter's gas is paid back.
    /// @param submitterBounty For submitting a phase's certificate, beside the gas.
    /// @param gasRate Token units for one ether's worth of gas; 1e18 with ether pays all of it, 0 none.
    struct FeeSchedule {
        address token;
        uint96 workflowFee;
        address pricer;
        uint96 phaseFee;
        address protocolRecipient;
        uint16 protocolBps;
        uint64 maxGasPrice;
        uint96 submitterBounty;
        uint96 gasRate;
    }

    /// @notice What the state machine knows when a phase has completed.
    /// @param submitter Who gets bounty and gas; zero if it was no listed aggregator: the operators get them.
    /// @param gasUsed What the submission has cost so far, without the vault's own work.
    /// @param referenceTimestamp That of the operator table which the certificate was checked against.
    /// @param signedWeight The stake that signed, in the first weight column.
    /// @param nonSignerIndices The certificate's, strictly rising.
    struct Settlement {
        address submitter;
        uint256 gasUsed;
        address avs;
        uint32 operatorSetId;
        uint32 referenceTimestamp;
        uint256 signedWeight;
        uint32[] nonSignerIndices;
    }

    /// @notice What an execution has paid for phases that have not completed.
    /// @param scheduleId The fee schedule that it began under, and ends under.
    /// @param remaining How many phases are paid for and not settled; zero once the execution has ended.
    /// @param amount perPhase · remaining.
    struct EscrowView {
        address payer;
        address token;
        uint32 scheduleId;
        uint32 remaining;
        uint256 perPhase;
        uint256 amount;
    }

    /// @notice What the operators that signed a phase's result have to share.
    /// @param amount The whole pool.
    /// @param paid How much of it operators have claimed.
    /// @param signedWeight What each operator's own stake weight is divided by.
    struct PoolView {
        bool settled;
        address token;
        address avs;
        uint32 operatorSetId;
        uint32 referenceTimestamp;
        uint256 amount;
        uint256 paid;
        uint256 signedWeight;
    }
}

/// @title What a fee vault says happened
interface IFeeVaultEvents is IFeeVaultTypes {
    event ScheduleSet(uint32 indexed scheduleId, FeeSchedule schedule);
    event WorkflowCharged(address indexed creator, address indexed token, uint256 amount);
    event EscrowOpened(
        bytes32 indexed executionId,
        address indexed payer,
        address indexed token,
        uint32 scheduleId,
        uint256 perPhase,
        uint32 phaseCount
    );
    /// @param submitter Zero if nobody is paid for submitting.
    /// @param pool What is left for the operators.
    event PhaseSettled(
        bytes32 indexed executionId,
        uint32 indexed phaseIndex,
        address indexed submitter,
        uint256 protocolAmount,
        uint256 submitterAmount,
        uint256 pool
    );
    /// @notice Beside PhaseSettled, where operators' keys are on secp256k1.
    /// @param signers The addresses of the keys that signed, in rising order: `claimAsSigner` asks for them.
    event PhaseSigned(bytes32 indexed executionId, uint32 indexed phaseIndex, address[] signers);
    event EscrowReturned(bytes32 indexed executionId, address indexed payer, uint256 amount);
    event ShareClaimed(
        bytes32 indexed executionId,
        uint32 indexed phaseIndex,
        uint32 indexed operatorIndex,
        address operator,
        uint256 amount
    );
    /// @notice An account may withdraw this much more: beside each of the events above whose money became somebody's,
    ///         and alone for ether sent in excess of a fee.
    event Credited(address indexed token, address indexed account, uint256 amount);
    event Withdrawn(address indexed token, address indexed account, address recipient, uint256 amount);
}

/// @title What a fee vault refuses
/// @dev A caller without FEE_MANAGER_ROLE gets OpenZeppelin's AccessControlUnauthorizedAccount.
interface IFeeVaultErrors {
    /// @notice An address that is needed is zero: pass the machine, the key registrar, or the recipient of what the
    ///         protocol earns.
    error ZeroAddress();
    /// @notice Only the state machine moves escrows: call the state machine, or its own vault.
    error OnlyMachine(address expected, address actual);

    // Schedules
    /// @notice A token or pricer has no code: pass a contract's address, or zero for ether and for no pricer.
    error NotAContract(address account);
    /// @notice The protocol would get more than half: lower its basis points.
    error ProtocolBpsOutOfRange(uint16 maximum, uint16 actual);
    /// @notice Gas would be paid back with more ether than it cost: set a rate of at most 1e18.
    error GasRateOutOfRange(uint96 maximum, uint96 actual);

    // Paying in
    /// @notice Less ether was sent than the fee is: send what `quote` or the schedule says.
    error FeeNotPaid(uint256 expected, uint256 actual);
    /// @notice Ether was sent where the fee is in a token: send none, and approve the token to the vault.
    error UnexpectedValue(uint256 actual);
    /// @notice The token did not move exactly what was asked, since it takes a share or is none: have the fee manager
    ///         choose another.
    error InexactTransfer(address token, uint256 expectedBalance, uint256 actualBalance);
    /// @notice The pricer asks more for a phase than the vault can keep: have the fee manager set another pricer.
    error PriceTooHigh(uint256 maximum, uint256 actual);
    /// @notice The vault would hold more of the token than it can count: wait until some has been withdrawn.
    error TooMuchHeld(uint256 maximum, uint256 actual);
    /// @notice An execution of no phases has no price: ask for at least one.
    error NoPhases();
    /// @notice The execution has paid before. It pays once.
    error AlreadyOpen(bytes32 executionId);

    // Settling
    /// @notice The execution has paid nothing into this vault: ask the one that it paid.
    error UnknownEscrow(bytes32 executionId);
    /// @notice Nothing is left in escrow. Every phase that was paid for is settled, or the execution has ended.
    error EscrowSpent(bytes32 executionId);
    /// @notice The phase's fee is shared out already. It is once.
    error AlreadySettled(bytes32 executionId, uint32 phaseIndex);
    /// @notice The settlement names no stake, so nobody could claim: settle with the stake that signed.
    error NoStakeSigned();

    // Taking out
    /// @notice The phase's fee is not shared out: wait until it has completed, in an execution that pays fees.
    error NotSettled(bytes32 executionId, uint32 phaseIndex);
    /// @notice By the certificate this operator did not sign. It has no share.
    error NotASigner(uint32 operatorIndex);
    /// @notice This operator's share is credited already: withdraw it.
    error AlreadyClaimed(uint32 operatorIndex);
    /// @notice The proof does not show this entry at this index: build it from the table of the pool's reference
    ///         timestamp.
    error InvalidOperatorProof(uint32 operatorIndex);
    /// @notice The key registrar knows no operator of this key: check the key, and that the vault has the right
    ///         registrar.
    error UnknownSigningKey(uint256 x, uint256 y);
    /// @notice The phase's operators have keys on another curve: claim by `claimAsSigner` where they are on secp256k1, by
    ///         `claim` where not.
    error OtherCurve(bytes32 executionId, uint32 phaseIndex);
    /// @notice Others signed than the signers given: pass those of the phase's PhaseSigned, in its order.
    error OtherSigners(bytes32 executionId, uint32 phaseIndex);
    /// @notice The operator's share rounds down to nothing. There is nothing to claim.
    error EmptyShare(uint32 operatorIndex);
    /// @notice The shares add up to more than the pool, as in a truthful table they can't: check the certificate
    ///         verifier.
    error PoolExceeded(uint256 available, uint256 actual);
    /// @notice The account has no credit in this token: claim first, or name another token.
    error NothingToWithdraw(address token, address account);
    /// @notice The recipient is zero or the vault itself, where the money would be lost: name another.
    error InvalidRecipient(address recipient);
    /// @notice The recipient does not take ether: withdraw to another address.
    error EtherRefused(address recipient, uint256 amount);
}

/// @title Where the fees of one state machine's workflows are kept, shared out and paid
/// @notice The state machine says when money moves, never where to: what an execution paid can become its payer's
///         again, or a completed phase's protocol part, submitter's pay and operators' pool. Everybody takes out their
///         own. It can't be upgraded. Requirements name the custom error that answers when they are not met.
/// @dev WARNING: of a token whose balances change by themselves (rebasing) the vault would hold less or more than it
///      owes. The fee manager must not choose one.
interface IFeeVault is IFeeVaultEvents, IFeeVaultErrors {
    // ── Fee manager ──────────────────────────────────────────────────────────────────────────────────

    /// @notice Sets what is charged from now on. Executions that have begun keep the schedule that they began under.
    /// Requirements: the caller has the machine's FEE_MANAGER_ROLE (AccessControlUnauthorizedAccount); token and pricer
    /// are contracts or zero (NotAContract); at most MAX_PROTOCOL_BPS (ProtocolBpsOutOfRange); a recipient if the
    /// protocol gets anything (ZeroAddress); with ether a gas rate of at most one for one (GasRateOutOfRange).
    function setSchedule(FeeSchedule calldata newSchedule) external returns (uint32 scheduleId);

    // ── State machine ────────────────────────────────────────────────────────────────────────────────
    // Requirements of all four: the caller is the state machine (OnlyMachine).

    /// @notice Takes the fee for registering a workflow. Ether sent in excess becomes the creator's credit.
    /// Requirements: enough ether (FeeNotPaid), or none where the fee is in a token (UnexpectedValue), which the
    /// creator has approved to the vault and which arrives undiminished (InexactTransfer).
    function chargeWorkflow(address creator) external payable;

    /// @notice Takes what all phases of an execution cost. Ether sent in excess becomes the payer's credit. If it costs
    ///         nothing, nothing is kept, and there is nothing to settle or close.
    /// Requirements: as for `chargeWorkflow`; at least one phase (NoPhases); a price per phase of at most MAX_PHASE_FEE
    /// (PriceTooHigh); an execution that has not paid before (AlreadyOpen).
    /// @return perPhase What each phase costs.
    function open(bytes32 executionId, bytes32 workflowId, address payer, uint32 phaseCount, bytes calldata payload)
        external
        payable
        returns (uint256 perPhase);

    /// @notice Shares out a completed phase's fee. It calls nobody, and no outsider can make it revert.
    /// Requirements: the execution has paid (UnknownEscrow) for one more phase (EscrowSpent), this one has not been
    /// settled (AlreadySettled), and stake has signed (NoStakeSigned).
    function settle(bytes32 executionId, uint32 phaseIndex, Settlement calldata settlement) external;

    /// @notice As `settle`, for a phase whose operators' keys are on secp256k1: it is told who signed, not who did not.
    /// Requirements: as for `settle`.
    /// @param signers The addresses of the keys that signed, in rising order.
    function settleSigners(
        bytes32 executionId,
        uint32 phaseIndex,
        Settlement calldata settlement,
        address[] calldata signers
    ) external;

    /// @notice Gives back what was paid for phases that have not completed: it becomes the payer's credit. Without
    ///         effect if there is nothing left. It calls nobody.
    /// Requirements: the execution has paid (UnknownEscrow).
    function close(bytes32 executionId) external;

    // ── Everybody ────────────────────────────────────────────────────────────────────────────────────

    /// @notice Credits an operator's share of a phase's pool, pool · weights[0] / signedWeight, to the operator that
    ///         the key registrar knows for the key. Anyone may call it, for any operator.
    /// Requirements: the phase is settled (NotSettled), the operator signed (NotASigner) and has not claimed
    /// (AlreadyClaimed), the proof shows it in the phase's operator table (InvalidOperatorProof, InvalidProofLength),
    /// its key is known (UnknownSigningKey), and its share is not nothing (EmptyShare).
    /// @param operatorIndex The operator's place in the table.
    /// @param info Its entry there.
    /// @param proof The siblings' concatenation from the leaf up.
    /// @return amount The share.
    function claim(
        bytes32 executionId,
        uint32 phaseIndex,
        uint32 operatorIndex,
        IBN254CertificateVerifierTypes.BN254OperatorInfo calldata info,
        bytes calldata proof
    ) external returns (uint256 amount);

    /// @notice As `claim`, for a phase that `settleSigners` settled.
    /// Requirements: the phase is settled (NotSettled), and so (OtherCurve), with these signers (OtherSigners); the
    /// operator's key is among them (NotASigner) and has not claimed (AlreadyClaimed), is known (UnknownSigningKey), and its
    /// share is not nothing (EmptyShare).
    /// @param operatorIndex The operator's place in the table.
    /// @param signers As PhaseSigned told them.
    /// @return amount The share.
    function claimAsSigner(bytes32 executionId, uint32 phaseIndex, uint32 operatorIndex, address[] calldata signers)
        external
        returns (uint256 amount);

    /// @notice Pays the caller's whole credit to the caller.
    /// Requirements: there is any (NothingToWithdraw); the caller takes it (EtherRefused, or the token's own error).
    /// @param token Zero: ether.
    function withdraw(address token) external returns (uint256 amount);

    /// @notice Pays the caller's whole credit to somebody else.
    /// Requirements: as for `withdraw`; the recipient is neither zero nor the vault (InvalidRecipient).
    function withdrawTo(address token, address recipient) external returns (uint256 amount);

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    /// @notice What an execution that starts now pays.
    /// @return token Zero: ether.
    function quote(bytes32 workflowId, address initiator, bytes calldata payload, uint32 phaseCount)
        external
        view
        returns (address token, uint256 total);

    /// @notice The schedule in force.
    function schedule() external view returns (FeeSchedule memory);

    /// @notice The schedule of this number; number 0, in force at first, charges nothing.
    function scheduleAt(uint32 scheduleId) external view returns (FeeSchedule memory);

    /// @notice How many schedules there have been; the last is in force.
    function scheduleCount() external view returns (uint32);

    /// @notice What the account may withdraw.
    function creditOf(address token, address account) external view returns (uint256);

    /// @notice All zero if the execution paid nothing here.
    function escrowOf(bytes32 executionId) external view returns (EscrowView memory);

    /// @notice All zero until the phase is settled.
    function poolOf(bytes32 executionId, uint32 phaseIndex) external view returns (PoolView memory);

    /// @notice Whether the phase's certificate named this operator as one that did not sign.
    function isNonSigner(bytes32 executionId, uint32 phaseIndex, uint32 operatorIndex) external view returns (bool);

    function hasClaimed(bytes32 executionId, uint32 phaseIndex, uint32 operatorIndex) external view returns (bool);

    /// @notice What executions have paid for phases that have not completed.
    function totalEscrow(address token) external view returns (uint256);

    /// @notice Credits, and what is left of pools. With `totalEscrow` it is what the vault holds.
    function totalUnclaimed(address token) external view returns (uint256);

    /// @notice The state machine whose fees these are.
    function machine() external view returns (address);

    /// @notice Who knows which operator a key belongs to.
    function keyRegistrar() external view returns (address);
}
