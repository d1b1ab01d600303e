// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";

import {WorkflowStateMachineStorage} from "./WorkflowStateMachineStorage.sol";
import {IWorkflowStateMachine} from "./interfaces/IWorkflowStateMachine.sol";
import {PhaseDigests} from "./libraries/PhaseDigests.sol";
import {WorkflowDefinitions} from "./libraries/WorkflowDefinitions.sol";

/// @title Who may do what, and which workflows there are
/// @notice The state machine's standing half: set-up, roles, aggregators, definitions. Nothing here runs.
abstract contract WorkflowRegistry is IWorkflowStateMachine, WorkflowStateMachineStorage, AccessControlUpgradeable {
    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    bytes32 public constant WORKFLOW_CREATOR_ROLE = keccak256("WORKFLOW_CREATOR_ROLE");
    bytes32 public constant UPGRADER_ROLE = keccak256("UPGRADER_ROLE");

    uint256 public constant MAX_NAME_BYTES = WorkflowDefinitions.MAX_NAME_BYTES;
    uint256 public constant MAX_PHASES = WorkflowDefinitions.MAX_PHASES;
    uint256 public constant MAX_METADATA_BYTES = WorkflowDefinitions.MAX_METADATA_BYTES;
    uint32 public constant MAX_TIMEOUT = WorkflowDefinitions.MAX_TIMEOUT;
    uint16 public constant MAX_THRESHOLD = WorkflowDefinitions.MAX_THRESHOLD;
    uint256 public constant MAX_TRIGGERS = 16;
    uint256 public constant MAX_AGGREGATORS = 32;

    // ── Set-up ───────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowStateMachine
    function initialize(address admin, address verifier_, address avs_, address[] calldata aggregators_)
        external
        initializer
    {
        if (admin == address(0) || verifier_ == address(0) || avs_ == address(0)) revert ZeroAddress();
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _grantRole(UPGRADER_ROLE, admin);
        _authorizeWorkflowCreator(admin, true);

        State storage state = _state();
        state.verifier = verifier_;
        state.avs = avs_;
        state.startBlock = uint64(block.number);
        _setAggregators(aggregators_);
    }

    /// @inheritdoc IWorkflowStateMachine
    function authorizeWorkflowCreator(address creator, bool authorized) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _authorizeWorkflowCreator(creator, authorized);
    }

    /// @inheritdoc IWorkflowStateMachine
    function setAggregators(address[] calldata aggregators_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setAggregators(aggregators_);
    }

    // ── Workflows ────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowStateMachine
    function registerWorkflow(
        string calldata name,
        PhaseDefinition[] calldata phases,
        address[] calldata authorizedTriggers
    ) external onlyRole(WORKFLOW_CREATOR_ROLE) returns (bytes32 workflowId) {
        WorkflowDefinitions.Graph memory graph = WorkflowDefinitions.check(name, phases);
        if (authorizedTriggers.length > MAX_TRIGGERS) revert TooManyTriggers(MAX_TRIGGERS, authorizedTriggers.length);

        State storage state = _state();
        bytes32 nameHash = keccak256(bytes(name));
        uint32 version_ = ++state.versions[msg.sender][nameHash];
        workflowId = PhaseDigests.workflowId(msg.sender, nameHash, version_);

        Workflow storage workflow = state.workflows[workflowId];
        workflow.creator = msg.sender;
        workflow.version = version_;
        workflow.creationTime = uint64(block.timestamp);
        workflow.definitionHash = keccak256(abi.encode(name, phases));
        workflow.rootMask = graph.rootMask;
        workflow.name = name;
        workflow.authorizedTriggers = authorizedTriggers;
        for (uint256 i = 0; i < phases.length; ++i) {
            _storePhase(workflow.phases.push(), phases[i], graph.dependencyMasks[i], graph.dependentMasks[i]);
        }
        emit WorkflowRegistered(workflowId, msg.sender, name, version_, workflow.definitionHash);
    }

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowStateMachine
    function getWorkflow(bytes32 workflowId) external view returns (WorkflowView memory) {
        Workflow storage workflow = _workflow(workflowId);
        return WorkflowView({
            workflowId: workflowId,
            creator: workflow.creator,
            version: workflow.version,
            creationTime: workflow.creationTime,
            definitionHash: workflow.definitionHash,
            avs: _state().avs,
            name: workflow.name,
            authorizedTriggers: workflow.authorizedTriggers
        });
    }

    /// @inheritdoc IWorkflowStateMachine
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

    /// @inheritdoc IWorkflowStateMachine
    function latestVersion(address creator, string calldata name) external view returns (uint32) {
        return _state().versions[creator][keccak256(bytes(name))];
    }

    /// @inheritdoc IWorkflowStateMachine
    function computeWorkflowId(address creator, string calldata name, uint32 version_) external view returns (bytes32) {
        return PhaseDigests.workflowId(creator, keccak256(bytes(name)), version_);
    }

    /// @inheritdoc IWorkflowStateMachine
    function aggregators() external view returns (address[] memory) {
        return _state().aggregators;
    }

    /// @inheritdoc IWorkflowStateMachine
    function avs() external view returns (address) {
        return _state().avs;
    }

    /// @inheritdoc IWorkflowStateMachine
    function verifier() external view returns (address) {
        return _state().verifier;
    }

    /// @inheritdoc IWorkflowStateMachine
    function startBlock() external view returns (uint64) {
        return _state().startBlock;
    }

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    function _workflow(bytes32 workflowId) internal view returns (Workflow storage workflow) {
        workflow = _state().workflows[workflowId];
        if (workflow.creator == address(0)) revert UnknownWorkflow(workflowId);
    }

    function _authorizeWorkflowCreator(address creator, bool authorized) private {
        if (authorized) _grantRole(WORKFLOW_CREATOR_ROLE, creator);
        else _revokeRole(WORKFLOW_CREATOR_ROLE, creator);
        emit WorkflowCreatorAuthorized(creator, authorized);
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

    function _storePhase(
        PhaseConfig storage config,
        PhaseDefinition calldata phase,
        uint64 dependencyMask,
        uint64 dependentMask
    ) private {
        config.phaseType = phase.phaseType;
        config.timeout = phase.timeout;
        config.operatorSetId = phase.operatorSetId;
        config.consensusThreshold = phase.consensusThreshold;
        config.dependencyMask = dependencyMask;
        config.dependentMask = dependentMask;
        config.requiredStake = phase.requiredStake;
        config.name = phase.name;
        config.dependencies = phase.dependencies;
        config.triggerCondition = phase.triggerCondition;
        config.metadata = phase.metadata;
    }
}
