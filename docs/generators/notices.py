"""What errors mean whose own source does not say: EigenLayer's and OpenZeppelin's, and names that were thought enough.

A notice in the source comes first: what is here is read only where there is none.
"""

OPEN_ZEPPELIN = {
    "AccessControlUnauthorizedAccount(address account, bytes32 neededRole)": "The caller lacks the role: have the "
    "contract's admin grant it.",
    "AccessControlBadConfirmation()": "A role can be renounced only by its holder: call from that account.",
    "EnforcedPause()": "The contract is paused: wait until a pauser ends it.",
    "ExpectedPause()": "The contract is not paused, so there is nothing to end.",
    "ReentrancyGuardReentrantCall()": "A call came back into the contract while it was at work: call again afterwards.",
    "InvalidInitialization()": "The contract has been set up already, or is no proxy.",
    "NotInitializing()": "Set-up code was called outside of set-up.",
    "UUPSUnauthorizedCallContext()": "An upgrade must be asked of the proxy: use its address.",
    "UUPSUnsupportedProxiableUUID(bytes32 slot)": "The new implementation is none for this kind of proxy.",
    "ERC1967InvalidImplementation(address implementation)": "There is no code at the new implementation's address.",
    "ERC1967NonPayable()": "Ether was sent with an upgrade that calls nothing: send none.",
    "ERC1967ProxyUninitialized()": "A proxy must be set up when it is deployed: give it the call of `initialize`.",
    "AddressEmptyCode(address target)": "There is no code at the address that was to be called.",
    "FailedCall()": "The call inside failed and did not say why.",
    "SafeERC20FailedOperation(address token)": "The token refused the transfer: approve the vault for the fee first, "
    "and hold enough.",
    "OwnableInvalidOwner(address owner)": "Nobody can be the owner by the zero address: pass the real one.",
    "OwnableUnauthorizedAccount(address account)": "Only the owner may: call from that account.",
    "InvalidShortString()": "A text that is stored in one word was not.",
    "StringTooLong(string str)": "The text does not fit one word.",
}
"""The library's own, by their declaration."""

VERIFIER = {
    "ArrayLengthMismatch": "As many thresholds are asked as the table has weight columns: pass one for each.",
    "CertificateStale": "The certificate's table is too old by now: certify by a newer one, in another attempt.",
    "ECAddFailed": "A point is not on the curve: collect the signatures again, and check each.",
    "ECMulFailed": "A point is not on the curve: collect the signatures again, and check each.",
    "ECPairingFailed": "A point is off the curve, or not in its group: collect the signatures again, and check each.",
    "EmptyRoot": "The operator table has no root: wait until one has been transported to this chain.",
    "ExpModFailed": "A precompile of the chain failed: the chain does not support BN254 as this contract needs it.",
    "InvalidIndex": "A proof is for another place in the tree: make it for the operator's index.",
    "InvalidOperatorIndex": "A non-signer's index is beyond the table: certify by the pinned table.",
    "InvalidProofLength": "A proof is not made of whole words, or too long: make it by the pinned table.",
    "NonSignerIndicesNotSorted": "The non-signers are not in rising order of index, or one is named twice: sort them.",
    "OnlyTableUpdater": "Only the table updater installs tables.",
    "ReferenceTimestampDoesNotExist": "There is no table of this timestamp: certify by the pinned one.",
    "RootDisabled": "The table's root has been disabled: wait for another table, and another attempt.",
    "TableUpdateStale": "A newer table is there already.",
    "VerificationFailed": "The signature is not that of all in the table but the non-signers, or a proof is wrong: "
    "name the bad signers and drop them.",
    "InvalidPoint": "The point is not on the curve: collect the signatures again, and check each.",
    "NoLeaves": "A table needs an operator.",
}

TRIGGER_CONDITIONS = {
    "TriggerTooLarge": "The condition has too many bytes: split the phase in two.",
    "TriggerTooDeep": "Conditions are nested too deep: flatten them.",
    "TriggerTooManyConditions": "The condition is made of too many: split the phase in two.",
    "TriggerUnknownType": "There is no condition of this type: take one of TriggerConditionType.",
    "TriggerChildrenOutOfRange": "ALL and ANY combine 1 to `maximum` conditions: nest for more.",
    "TriggerSignersOutOfRange": "An approval lists 1 to `maximum` signers.",
    "TriggerZeroSigner": "The zero address can sign nothing: list real signers.",
    "TriggerDuplicateSigner": "A signer is listed twice: list each once.",
    "TriggerRequiredOutOfRange": "At least one approval, and at most as many as there are signers, can be required.",
    "TriggerUnknownComparison": "There is no such way to compare: take one of Comparison.",
    "TriggerTopicsOutOfRange": "An event filter has 1 to `maximum` topics, the event's own first.",
}

FEE_VAULT = {
    "ZeroAddress": "An address that must be somebody's is zero: pass the real one.",
    "OnlyMachine": "Only the state machine may: start executions there.",
    "NotAContract": "There is no code at the token's or pricer's address: pass a contract, or zero.",
    "ProtocolBpsOutOfRange": "The protocol may take at most `maximum` basis points: lower its part.",
    "PriceTooHigh": "The pricer asks more for a phase than the vault can count: correct the pricer.",
    "NoPhases": "An execution without phases costs nothing and can't be opened.",
    "AlreadyOpen": "The execution has paid already.",
    "UnknownEscrow": "The execution has paid nothing here: look in the vault that was set when it started.",
    "AlreadySettled": "The phase's fee has been shared out already.",
    "NoStakeSigned": "Nobody signed with stake, so there is nobody to share with.",
    "NotSettled": "The phase has not completed, or has paid nothing here: claim after its result.",
    "NotASigner": "The operator is among the non-signers of the phase's certificate: it earns nothing in this phase.",
    "AlreadyClaimed": "The operator's share has been credited already: withdraw it.",
    "InvalidOperatorProof": "The proof does not show this entry at this index of the phase's table: prove it by that.",
    "UnknownSigningKey": "The key registrar knows no operator for this key: claim once the key is registered.",
    "NothingToWithdraw": "The account has no credit in this token: claim first.",
    "InvalidRecipient": "Neither nobody nor the vault can be paid: pass a real recipient.",
    "EtherRefused": "The recipient does not take ether: withdraw to another.",
}

LOCAL_TABLE = {
    "InvalidLength": "The bytes have another length than keys and signatures have: pass `expected` of them.",
    "InvalidProofOfPossession": "The signature does not show that the operator has the key: sign the registration's "
    "digest with it.",
    "KeyAlreadyRegistered": "A key is registered once, for one operator and set: make another.",
    "NoStake": "No operator of the set has stake: register one that has.",
    "OperatorAlreadyRegistered": "The operator is in the set: change its weights instead.",
    "OperatorNotRegistered": "The operator is not in the set: register it.",
    "OperatorSetNotConfigured": "There is no such set: configure it first.",
    "TooManyOperators": "The set is full.",
    "WeightColumnsMismatch": "All operators of a set have as many weights: pass `expected` of them.",
    "ZeroAddress": "An address that must be somebody's is zero: pass the real one.",
}
