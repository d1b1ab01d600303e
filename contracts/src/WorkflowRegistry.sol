// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {WorkflowRecords} from "./WorkflowRecords.sol";
import {ICertificateVerifier, OperatorSet} from "./interfaces/ICertificateVerifier.sol";
import {IECDSACertificateVerifier} from "./interfaces/IECDSACertificateVerifier.sol";
import {IFeeVault} from "./interfaces/IFeeVault.sol";
import {ITriggerConditions} from "./interfaces/ITriggerConditions.sol";
import {IWorkflowExecutions, IWorkflowRegistry} from "./interfaces/IWorkflowStateMachine.sol";
import {PhaseDigests} from "./libraries/PhaseDigests.sol";
import {PhaseSets} from "./libraries/PhaseSets.sol";
import {StakeTables} from "./libraries/StakeTables.sol";
import {TickPlans} from "./libraries/TickPlans.sol";
import {WorkflowDefinitions} from "./libraries/WorkflowDefinitions.sol";
import {WorkflowOptions} from "./libraries/WorkflowOptions.sol";

/// @title Who may do what, and which workflows there are
/// @notice The state machine's standing half: set-up, roles, definitions. Nothing here runs. See IWorkflowRegistry for what
///         each function requires.
/// @dev A WorkflowStateMachine delegates every call to this one that it does not answer itself, so this is its storage,
///      its address and its ether. On its own the contract is of no use and does no harm: nobody ever gets a role in it.
contract WorkflowRegistry is IWorkflowRegistry, WorkflowRecords {
    using PhaseSets for uint64;

    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    bytes32 public constant WORKFLOW_CREATOR_ROLE = keccak256("WORKFLOW_CREATOR_ROLE");
    /// @notice Who may administer fees: the fee vault asks.
    bytes32 public constant FEE_MANAGER_ROLE = keccak256("FEE_MANAGER_ROLE");
    bytes32 public constant PAUSER_ROLE = keccak256("PAUSER_ROLE");

    uint256 public constant MAX_NAME_BYTES = WorkflowDefinitions.MAX_NAME_BYTES;
    uint256 public constant MAX_PHASES = WorkflowDefinitions.MAX_PHASES;
    uint256 public constant MAX_METADATA_BYTES = WorkflowDefinitions.MAX_METADATA_BYTES;
    uint32 public constant MAX_TIMEOUT = WorkflowDefinitions.MAX_TIMEOUT;
    uint16 public constant MAX_THRESHOLD = WorkflowDefinitions.MAX_THRESHOLD;
    uint256 public constant MAX_TICKS = TickPlans.MAX_TICKS;
    uint8 public constant MAX_ATTEMPTS = WorkflowOptions.MAX_ATTEMPTS;
    uint32 public constant MAX_EXECUTION_TIMEOUT = WorkflowOptions.MAX_EXECUTION_TIMEOUT;
    uint256 public constant MAX_TRIGGERS = 16;
    uint256 public constant MAX_AGGREGATORS = 32;

    bytes32 public constant PHASE_RESULT_TYPEHASH = PhaseDigests.PHASE_RESULT_TYPEHASH;
    bytes32 public constant PHASE_INPUTS_TYPEHASH = PhaseDigests.PHASE_INPUTS_TYPEHASH;
    bytes32 public constant PHASE_TRIGGER_TYPEHASH = PhaseDigests.PHASE_TRIGGER_TYPEHASH;
    bytes32 public constant TRIGGER_APPROVAL_TYPEHASH = PhaseDigests.TRIGGER_APPROVAL_TYPEHASH;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    // ── Administration ───────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowRegistry
    function initialize(address admin, address verifier_, address avs_, address[] calldata aggregators_)
        external
        initializer
    {
        if (admin == address(0) || verifier_ == address(0) || avs_ == address(0)) revert ZeroAddress();
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(UPGRADER_ROLE, admin);
        _grantRole(PAUSER_ROLE, admin);
        _grantRole(FEE_MANAGER_ROLE, admin);
        _authorizeWorkflowCreator(admin, true);
        _authorizeTriggerSource(admin, true);

        State storage state = _state();
        state.verifier = verifier_;
        state.avs = avs_;
        state.startBlock = uint64(block.number);
        _setAggregators(aggregators_);
    }

    /// @inheritdoc IWorkflowRegistry
    function authorizeWorkflowCreator(address creator, bool authorized) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _authorizeWorkflowCreator(creator, authorized);
    }

    /// @inheritdoc IWorkflowRegistry
    function authorizeTriggerSource(address source, bool authorized) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _authorizeTriggerSource(source, authorized);
    }

    /// @inheritdoc IWorkflowRegistry
    function setFeeVault(address feeVault_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _state().feeVault = feeVault_;
        emit FeeVaultSet(feeVault_);
    }

    /// @inheritdoc IWorkflowRegistry
    function setEcdsaVerifier(address ecdsaVerifier_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        State storage state = _state();
        if (state.ecdsaVerifier != address(0)) revert EcdsaVerifierAlreadySet(state.ecdsaVerifier);
        if (!_hasDomain(ecdsaVerifier_)) revert NotAnEcdsaVerifier(ecdsaVerifier_);
        state.ecdsaVerifier = ecdsaVerifier_;
        emit EcdsaVerifierSet(ecdsaVerifier_);
    }

    /// @inheritdoc IWorkflowRegistry
    function pause() external onlyRole(PAUSER_ROLE) {
        _pause();
    }

    /// @inheritdoc IWorkflowRegistry
    function unpause() external onlyRole(PAUSER_ROLE) {
        _unpause();
    }

    /// @inheritdoc IWorkflowRegistry
    function setAggregators(address[] calldata aggregators_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setAggregators(aggregators_);
    }

    // ── Workflows ────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowRegistry
    function registerWorkflow(
        string calldata name,
        PhaseDefinition[] calldata phases,
        address[] calldata authorizedTriggers
    ) external payable whenNotPaused onlyRole(WORKFLOW_CREATOR_ROLE) nonReentrant returns (bytes32 workflowId) {
        PhaseOptions[] calldata none;
        assembly ("memory-safe") {
            none.offset := 0
            none.length := 0
        }
        return _register(name, phases, none, 0, authorizedTriggers);
    }

    /// @inheritdoc IWorkflowRegistry
    function registerWorkflowWithOptions(
        string calldata name,
        PhaseDefinition[] calldata phases,
        PhaseOptions[] calldata options,
        uint32 executionTimeout,
        address[] calldata authorizedTriggers
    ) external payable whenNotPaused onlyRole(WORKFLOW_CREATOR_ROLE) nonReentrant returns (bytes32 workflowId) {
        if (options.length != phases.length) revert OptionCountMismatch(phases.length, options.length);
        return _register(name, phases, options, executionTimeout, authorizedTriggers);
    }

    // ── Views: workflows ─────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowRegistry
    function getWorkflow(bytes32 workflowId) external view returns (WorkflowView memory) {
        Workflow storage workflow = _workflow(workflowId);
        return WorkflowView({
            workflowId: workflowId,
            creator: workflow.creator,
            version: workflow.version,
            creationTime: workflow.creationTime,
            definitionHash: workflow.definitionHash,
            avs: _state().avs,
            executionTimeout: workflow.executionTimeout,
            name: workflow.name,
            authorizedTriggers: workflow.authorizedTriggers
        });
    }

    /// @inheritdoc IWorkflowRegistry
    function getWorkflowPhases(bytes32 workflowId) external view returns (PhaseDefinition[] memory phases) {
        PhaseConfig[] storage configs = _workflow(workflowId).phases;
        phases = new PhaseDefinition[](configs.length);
        for (uint256 i = 0; i < phases.length; ++i) {
            PhaseConfig storage config = configs[i];
            phases[i] = PhaseDefinition({
                name: config.name,
                phaseType: config.phaseType,
                timeout: config.timeout,
                dependencies: config.dependencies,
                triggerCondition: config.triggerCondition,
                operatorSetId: config.operatorSetId,
                metadata: config.metadata,
                requiredStake: config.requiredStake,
                consensusThreshold: config.consensusThreshold
            });
        }
    }

    /// @inheritdoc IWorkflowRegistry
    function getWorkflowOptions(bytes32 workflowId) external view returns (PhaseOptions[] memory options) {
        Workflow storage workflow = _workflow(workflowId);
        options = new PhaseOptions[](workflow.phases.length);
        for (uint32 i = 0; i < options.length; ++i) {
            PhaseConfig storage config = workflow.phases[i];
            bool bySource = config.flags & FLAG_TRIGGERED_BY_SOURCE != 0;
            options[i] = PhaseOptions({
                avs: workflow.avsOf[i],
                maxAttempts: config.maxAttempts,
                onFailure: config.onFailure,
                fallbackPhase: config.fallbackPhase,
                triggerMode: bySource ? TriggerMode.SOURCE : TriggerMode.OPERATORS,
                skipIfUnmet: config.flags & FLAG_SKIP_IF_UNMET != 0
            });
        }
    }

    /// @inheritdoc IWorkflowRegistry
    function latestVersion(address creator, string calldata name) external view returns (uint32) {
        return _state().versions[creator][keccak256(bytes(name))];
    }

    /// @inheritdoc IWorkflowRegistry
    function computeWorkflowId(address creator, string calldata name, uint32 version_) external view returns (bytes32) {
        return PhaseDigests.workflowId(creator, keccak256(bytes(name)), version_);
    }

    // ── Views: set-up ────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowRegistry
    function aggregators() external view returns (address[] memory) {
        return _state().aggregators;
    }

    /// @inheritdoc IWorkflowRegistry
    function feeVault() external view returns (address) {
        return _state().feeVault;
    }

    /// @inheritdoc IWorkflowRegistry
    function avs() external view returns (address) {
        return _state().avs;
    }

    /// @inheritdoc IWorkflowRegistry
    function verifier() external view returns (address) {
        return _state().verifier;
    }

    /// @inheritdoc IWorkflowRegistry
    function ecdsaVerifier() external view returns (address) {
        return _state().ecdsaVerifier;
    }

    /// @inheritdoc IWorkflowRegistry
    function startBlock() external view returns (uint64) {
        return _state().startBlock;
    }

    // ── Internals: administration ────────────────────────────────────────────────────────────────────

    function _authorizeWorkflowCreator(address creator, bool authorized) private {
        _setRole(WORKFLOW_CREATOR_ROLE, creator, authorized);
        emit WorkflowCreatorAuthorized(creator, authorized);
    }

    function _authorizeTriggerSource(address source, bool authorized) private {
        _setRole(TRIGGER_SOURCE_ROLE, source, authorized);
        emit TriggerSourceAuthorized(source, authorized);
    }

    function _setRole(bytes32 role, address account, bool granted) private {
        if (granted) _grantRole(role, account);
        else _revokeRole(role, account);
    }

    function _setAggregators(address[] calldata aggregators_) private {
        if (aggregators_.length == 0 || aggregators_.length > MAX_AGGREGATORS) {
            revert AggregatorCountOutOfRange(MAX_AGGREGATORS, aggregators_.length);
        }
        for (uint256 i = 0; i < aggregators_.length; ++i) {
            if (aggregators_[i] == address(0)) revert ZeroAddress();
            for (uint256 j = 0; j < i; ++j) {
                if (aggregators_[i] == aggregators_[j]) revert DuplicateAggregator(aggregators_[i]);
            }
        }
        _state().aggregators = aggregators_;
        emit AggregatorsSet(aggregators_);
    }

    /// @dev Whether a contract is there that answers as an ECDSA verifier does, and as the BN254 one does not.
    function _hasDomain(address account) private view returns (bool) {
        (bool success, bytes memory answer) =
            account.staticcall(abi.encodeCall(IECDSACertificateVerifier.domainSeparator, ()));
        return success && answer.length == WORD && bytes32(answer) != 0;
    }

    // ── Internals: registration ──────────────────────────────────────────────────────────────────────

    function _register(
        string calldata name,
        PhaseDefinition[] calldata phases,
        PhaseOptions[] calldata options,
        uint32 executionTimeout,
        address[] calldata authorizedTriggers
    ) private returns (bytes32 workflowId) {
        if (_state().feeVault == address(0) && msg.value != 0) {
            revert UnexpectedValue(msg.value);
        }
        // The conditions are known to the contract whose storage this is, not to this code.
        ITriggerConditions conditions = ITriggerConditions(IWorkflowExecutions(address(this)).triggerConditions());
        WorkflowDefinitions.Graph memory graph =
            WorkflowDefinitions.check(name, phases, options, executionTimeout, conditions);
        if (authorizedTriggers.length > MAX_TRIGGERS) revert TooManyTriggers(MAX_TRIGGERS, authorizedTriggers.length);

        Workflow storage workflow;
        (workflowId, workflow) = _newVersion(name);
        workflow.definitionHash = _definitionHash(name, phases, options, executionTimeout);
        workflow.executionTimeout = executionTimeout;
        workflow.authorizedTriggers = authorizedTriggers;
        _storePhases(workflow, phases, options, graph);
        emit WorkflowRegistered(workflowId, msg.sender, name, workflow.version, workflow.definitionHash);
        _chargeWorkflow();
    }

    function _newVersion(string calldata name) private returns (bytes32 workflowId, Workflow storage workflow) {
        State storage state = _state();
        bytes32 nameHash = keccak256(bytes(name));
        uint32 version_ = ++state.versions[msg.sender][nameHash];
        workflowId = PhaseDigests.workflowId(msg.sender, nameHash, version_);
        workflow = state.workflows[workflowId];
        workflow.creator = msg.sender;
        workflow.version = version_;
        workflow.creationTime = uint64(block.timestamp);
        workflow.name = name;
    }

    function _chargeWorkflow() private {
        address vault = _state().feeVault;
        if (vault != address(0)) IFeeVault(vault).chargeWorkflow{value: msg.value}(msg.sender);
    }

    function _definitionHash(
        string calldata name,
        PhaseDefinition[] calldata phases,
        PhaseOptions[] calldata options,
        uint32 executionTimeout
    ) private pure returns (bytes32) {
        if (WorkflowOptions.areDefault(options, executionTimeout)) {
            return keccak256(abi.encode(name, phases));
        }
        return keccak256(abi.encode(name, phases, options, executionTimeout));
    }

    function _storePhases(
        Workflow storage workflow,
        PhaseDefinition[] calldata phases,
        PhaseOptions[] calldata options,
        WorkflowDefinitions.Graph memory graph
    ) private {
        workflow.rootMask = graph.rootMask;
        workflow.fallbackMask = graph.fallbackMask;
        for (uint32 i = 0; i < phases.length; ++i) {
            _storePhase(workflow.phases.push(), phases[i], graph, i);
            if (options.length != 0) _storeOptions(workflow, options[i], i);
            _checkOperatorSet(workflow, i);
        }
    }

    function _storePhase(
        PhaseConfig storage config,
        PhaseDefinition calldata phase,
        WorkflowDefinitions.Graph memory graph,
        uint32 index
    ) private {
        config.phaseType = phase.phaseType;
        config.timeout = phase.timeout;
        config.operatorSetId = phase.operatorSetId;
        config.consensusThreshold = phase.consensusThreshold;
        config.dependencyMask = graph.dependencyMasks[index];
        config.dependentMask = graph.dependentMasks[index];
        uint8 flags = phase.requiredStake == 0 ? FLAG_ANY_STAKE : 0;
        if (graph.fallbackMask.has(index)) flags |= FLAG_STANDS_IN;
        config.flags = flags;
        config.primary = graph.primaries[index];
        config.requiredStake = phase.requiredStake;
        config.name = phase.name;
        config.dependencies = phase.dependencies;
        config.triggerCondition = phase.triggerCondition;
        config.metadata = phase.metadata;
    }

    function _storeOptions(Workflow storage workflow, PhaseOptions calldata options, uint32 index) private {
        PhaseConfig storage config = workflow.phases[index];
        config.maxAttempts = options.maxAttempts;
        config.onFailure = options.onFailure;
        config.fallbackPhase = uint8(options.fallbackPhase);
        if (options.triggerMode == TriggerMode.SOURCE) config.flags |= FLAG_TRIGGERED_BY_SOURCE;
        if (options.skipIfUnmet) config.flags |= FLAG_SKIP_IF_UNMET;
        if (options.avs != address(0)) {
            config.flags |= FLAG_FOREIGN_AVS;
            workflow.avsOf[index] = options.avs;
        }
    }

    /// @dev Whether the phase's operator set could work it today, and ever for as long as the phase may take. Notes down
    ///      which verifier is to tell.
    function _checkOperatorSet(Workflow storage workflow, uint32 index) private {
        PhaseConfig storage config = workflow.phases[index];
        OperatorSet memory operatorSet = _operatorSet(workflow, config, index);
        bool ecdsa = _hasEcdsaKeys(operatorSet);
        if (ecdsa) config.flags |= FLAG_ECDSA;
        ICertificateVerifier verifier_ = _verifierOf(config);
        (, bytes memory refusal) = StakeTables.newest(verifier_, operatorSet, config.requiredStake, ecdsa);
        StakeTables.demandNone(refusal);
        uint32 maxStaleness = verifier_.maxOperatorTableStaleness(operatorSet);
        if (maxStaleness != 0 && config.timeout > maxStaleness) {
            revert TimeoutExceedsStaleness(index, maxStaleness, config.timeout);
        }
    }

    /// @dev By who has a table of the set. EigenLayer lets an AVS say once which curve its set's keys are on, on its own
    ///      chain alone; on every chain the tables go to that curve's verifier.
    function _hasEcdsaKeys(OperatorSet memory operatorSet) private view returns (bool) {
        State storage state = _state();
        address other = state.ecdsaVerifier;
        if (other == address(0) || ICertificateVerifier(other).latestReferenceTimestamp(operatorSet) == 0) {
            return false;
        }
        if (ICertificateVerifier(state.verifier).latestReferenceTimestamp(operatorSet) != 0) {
            revert CurveAmbiguous(operatorSet.avs, operatorSet.id);
        }
        return true;
    }
}
