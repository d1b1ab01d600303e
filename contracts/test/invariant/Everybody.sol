// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFeeVaultTypes as Types} from "../../src/interfaces/IFeeVault.sol";
import {CallingCoin, Coin} from "../support/Coins.sol";
import {CallingReceiver, RefusingReceiver} from "../support/Receivers.sol";
import {ScriptedPricer} from "../support/ScriptedPricer.sol";
import {Vaults} from "../support/Vaults.sol";

/// @title Everybody who has to do with fees, in any order, some of them hostile
/// @notice Keeps books of its own: what each account may withdraw, each execution has in escrow and each pool holds, by
///         a second, plainer arithmetic. It knows of every call whether it must work.
contract Everybody is Vaults {
    struct Booking {
        bytes32 executionId;
        address token;
        address payer;
        uint256 perPhase;
        uint256 remaining;
        Types.FeeSchedule fees;
    }

    struct BookedPool {
        bool settled;
        uint256 amount;
        uint256 paid;
        uint256 signers;
        uint256 claimed;
    }

    uint256 public constant ACTORS = 5;
    uint256 public constant TOKENS = 3;
    uint32 public constant PHASES = 3;
    uint256 private constant MAX_EXECUTIONS = 8;

    address[TOKENS] public tokens;
    /// @dev Two people, a contract that takes no ether, one that calls whenever it gets some, and a treasury.
    address[ACTORS] public actors;
    ScriptedPricer private pricer;
    CallingCoin private hostile;
    CallingReceiver private caller;

    Booking[] public bookings;
    mapping(uint256 booking => mapping(uint32 phaseIndex => BookedPool)) public pools;
    mapping(address token => mapping(address account => uint256)) public credits;
    mapping(address token => uint256) public paidIn;
    mapping(address token => uint256) public paidOut;
    mapping(address token => uint256) public donated;

    constructor() {
        setUpVault();
        hostile = new CallingCoin();
        caller = new CallingReceiver();
        pricer = new ScriptedPricer();
        tokens = [ETHER, address(coin), address(hostile)];
        actors = [named("alice"), named("bob"), address(new RefusingReceiver()), address(caller), TREASURY];
        vault.setSchedule(inEther());
        execute(0, 1, 7);
    }

    function theVault() external view returns (address) {
        return address(vault);
    }

    function bookingCount() external view returns (uint256) {
        return bookings.length;
    }

    // ── Actions: who sets and pays ───────────────────────────────────────────────────────────────────

    function setSchedule(uint256 token, uint96[4] calldata amounts, uint16 bps, uint64 gasPrice, bool priced) external {
        vault.setSchedule(
            Types.FeeSchedule({
                token: tokens[token % TOKENS],
                workflowFee: amounts[0] % 1 ether,
                pricer: priced ? address(pricer) : address(0),
                phaseFee: amounts[1] % 1 ether,
                protocolRecipient: actors[bps % ACTORS],
                protocolBps: bps % 5_001,
                maxGasPrice: gasPrice % 1_000 gwei,
                submitterBounty: amounts[2] % 0.1 ether,
                gasRate: amounts[3] % (1 ether + 1)
            })
        );
    }

    function setPrice(uint96 total) external {
        pricer.setTotal(total);
    }

    /// @dev What hostile tokens and receivers do in the middle of a transfer: see `misbehave`.
    function setMisbehaviour(uint256 which, uint32 phaseIndex, uint256 actor, uint8 tithing) external {
        hostile.setTithing(tithing % 4 == 0);
        bytes memory call = abi.encodeCall(this.misbehave, (which, phaseIndex, actor));
        hostile.callBack(address(this), call);
        caller.callBack(address(this), call);
    }

    function register(uint256 actor, uint256 excess) external {
        Types.FeeSchedule memory fees = vault.schedule();
        address account = actors[actor % ACTORS];
        bool works =
            _callAndPay(account, fees.token, fees.workflowFee, excess % 10, abi.encodeCall(machine.register, ()));
        if (works) credits[fees.token][fees.protocolRecipient] += fees.workflowFee;
    }

    function execute(uint256 actor, uint32 phaseCount, uint256 excess) public {
        if (bookings.length == MAX_EXECUTIONS) return;
        Types.FeeSchedule memory fees = vault.schedule();
        address account = actors[actor % ACTORS];
        phaseCount = 1 + phaseCount % PHASES;
        uint256 perPhase = fees.pricer == address(0) ? fees.phaseFee : pricer.total() / phaseCount;
        bytes32 executionId = bytes32(bookings.length + 1);
        bytes memory call = abi.encodeCall(machine.execute, (executionId, WORKFLOW, phaseCount, ""));
        if (!_callAndPay(account, fees.token, perPhase * phaseCount, excess % 10, call)) return;
        if (perPhase == 0) return;
        bookings.push(Booking(executionId, fees.token, account, perPhase, phaseCount, fees));
    }

    /// @dev Has the account pay what is due; of ether, `excess` 0 is too little by one, and n is too much by n - 1.
    function _callAndPay(address account, address token, uint256 due, uint256 excess, bytes memory call)
        private
        returns (bool works)
    {
        uint256 value = 0;
        if (token == ETHER) {
            if (excess == 0 && due == 0) return false;
            value = due + excess - 1;
            money.deal(account, account.balance + value);
            excess = value < due ? 0 : value - due;
            works = value >= due;
        } else {
            Coin(token).mint(account, due);
            vm.prank(account);
            Coin(token).approve(address(vault), due);
            excess = 0;
            works = due == 0 || token != address(hostile) || !hostile.tithing();
        }
        vm.prank(account);
        (bool worked,) = address(machine).call{value: value}(call);
        vm.assertTrue(worked == works, "payments work exactly if they are right");
        if (!worked) return false;
        if (due != 0) _checkMisbehaviour(token, address(vault));
        paidIn[token] += due + excess;
        credits[token][account] += excess;
    }

    // ── Actions: what the machine tells ──────────────────────────────────────────────────────────────

    function complete(uint256 which, uint32 phaseIndex, uint256 mask, uint256 submitter, uint256 gasUsed, uint64 price)
        public
    {
        (which, phaseIndex) = _unsettled(which, phaseIndex);
        Booking storage booking = bookings[which];
        Types.Settlement memory settlement = signedBy(bound(mask, 1, EVERYBODY));
        settlement.submitter = submitter % 3 == 0 ? address(0) : actors[submitter % ACTORS];
        settlement.gasUsed = gasUsed % 5 == 0 ? gasUsed : gasUsed % 1_000_000;
        money.txGasPrice(price);
        bool due = booking.remaining != 0 && !pools[which][phaseIndex].settled;
        try machine.complete(booking.executionId, phaseIndex, settlement) {
            vm.assertTrue(due, "settled what it must not");
            _bookSettlement(which, phaseIndex, bound(mask, 1, EVERYBODY), settlement, price);
        } catch {
            vm.assertTrue(!due, "did not settle what it must");
        }
    }

    /// @dev Mostly a phase that can be settled, if there is one.
    function _unsettled(uint256 which, uint32 phaseIndex) private view returns (uint256, uint32) {
        (which, phaseIndex) = (which % bookings.length, phaseIndex % PHASES);
        bool anyway = phaseIndex == 0 && which % 2 == 0;
        for (uint256 i = 0; !anyway && i < bookings.length * PHASES; ++i) {
            if (bookings[which].remaining != 0 && !pools[which][phaseIndex].settled) break;
            phaseIndex = (phaseIndex + 1) % PHASES;
            if (phaseIndex == 0) which = (which + 1) % bookings.length;
        }
        return (which, phaseIndex);
    }

    function _bookSettlement(
        uint256 which,
        uint32 phaseIndex,
        uint256 mask,
        Types.Settlement memory settlement,
        uint256 price
    ) private {
        Booking storage booking = bookings[which];
        Types.FeeSchedule storage fees = booking.fees;
        uint256 toProtocol = booking.perPhase * fees.protocolBps / 10_000;
        uint256 rest = booking.perPhase - toProtocol;
        if (price > fees.maxGasPrice) price = fees.maxGasPrice;
        uint256 gas = settlement.gasUsed > type(uint64).max ? type(uint64).max : settlement.gasUsed;
        uint256 toSubmitter = fees.submitterBounty + (gas + 80_000) * price * fees.gasRate / 1e18;
        if (settlement.submitter == address(0)) toSubmitter = 0;
        if (toSubmitter > rest) toSubmitter = rest;
        booking.remaining -= 1;
        credits[booking.token][fees.protocolRecipient] += toProtocol;
        credits[booking.token][settlement.submitter] += toSubmitter;
        pools[which][phaseIndex] = BookedPool(true, rest - toSubmitter, 0, mask, 0);
    }

    function end(uint256 which) public {
        if (which % 4 != 0) return; // Most executions should get somewhere.
        Booking storage booking = bookings[which / 4 % bookings.length];
        machine.end(booking.executionId);
        credits[booking.token][booking.payer] += booking.perPhase * booking.remaining;
        booking.remaining = 0;
    }

    // ── Actions: who takes out ───────────────────────────────────────────────────────────────────────

    function claim(uint256 which, uint32 phaseIndex, uint32 index) public {
        (which, phaseIndex, index) = _claimable(which, phaseIndex, index);
        Booking storage booking = bookings[which];
        BookedPool storage pool = pools[which][phaseIndex];
        uint256 share = _shareOf(pool, index);
        try this.tryClaim(booking.executionId, phaseIndex, index) {
            vm.assertTrue(share != 0, "paid what it must not");
            pool.claimed |= 1 << index;
            pool.paid += share;
            credits[booking.token][operatorAt(index)] += share;
        } catch {
            vm.assertTrue(share == 0, "did not pay what it must");
        }
    }

    /// @dev What the operator can still claim.
    function _shareOf(BookedPool storage pool, uint256 index) private view returns (uint256) {
        if (!pool.settled || pool.signers >> index & 1 == 0 || pool.claimed >> index & 1 == 1) return 0;
        return pool.amount * weightOf(index) / stakeOf(pool.signers);
    }

    /// @dev Mostly a share that can be claimed, if there is one.
    function _claimable(uint256 which, uint32 phaseIndex, uint32 index) private view returns (uint256, uint32, uint32) {
        (which, phaseIndex, index) = (which % bookings.length, phaseIndex % PHASES, index % uint32(MEMBERS));
        if (index < 2) return (which, phaseIndex, index);
        for (uint256 i = 0; i < bookings.length; ++i) {
            for (uint256 k = 0; k < PHASES * MEMBERS; ++k) {
                if (_shareOf(pools[which][phaseIndex], index) != 0) return (which, phaseIndex, index);
                index = (index + 1) % uint32(MEMBERS);
                if (index == 0) phaseIndex = (phaseIndex + 1) % PHASES;
            }
            which = (which + 1) % bookings.length;
        }
        return (which, phaseIndex, index);
    }

    function tryClaim(bytes32 executionId, uint32 phaseIndex, uint32 index) external {
        claimOf(executionId, phaseIndex, index);
    }

    function withdraw(uint256 token, uint256 account, uint256 recipient) external {
        token = token % TOKENS;
        account = account % (ACTORS + MEMBERS);
        // Mostly somebody who has something to withdraw, if anybody has.
        for (uint256 i = 0; account != 0 && i < ACTORS + MEMBERS; ++i) {
            if (credits[tokens[token]][accountAt(account)] != 0) break;
            account = (account + 1) % (ACTORS + MEMBERS);
        }
        address to = accountAt(recipient % 2 == 0 ? account : recipient % ACTORS);
        _withdraw(tokens[token], accountAt(account), to);
    }

    function accountAt(uint256 number) public view returns (address) {
        return number < ACTORS ? actors[number] : operatorAt(number - ACTORS);
    }

    function _withdraw(address token, address account, address recipient) private {
        uint256 credit = credits[token][account];
        uint256 before = balanceOf(token, recipient);
        bool works = credit != 0 && (token != ETHER || recipient != actors[2]);
        vm.prank(account);
        try vault.withdrawTo(token, recipient) returns (uint256 amount) {
            vm.assertTrue(works, "paid what it must not");
            _checkMisbehaviour(token, recipient);
            vm.assertEq(amount, credit, "the whole credit");
            vm.assertEq(balanceOf(token, recipient) - before, credit, "and no more");
            paidOut[token] += amount;
            // What was credited in the middle of the transfer is still there.
            credits[token][account] -= credit;
        } catch {
            vm.assertTrue(!works, "did not pay what it must");
        }
    }

    function donate(uint256 token, uint64 amount) external {
        address gift = tokens[token % TOKENS];
        donated[gift] += amount;
        if (gift != ETHER) return Coin(gift).mint(address(vault), amount);
        money.deal(address(vault), address(vault).balance + amount); // As a contract's dying gift comes: unasked.
    }

    /// @dev Hostile contracts swallow what fails within `misbehave`; it counts all the same.
    function _checkMisbehaviour(address token, address recipient) private view {
        if (hostile.target() == address(0)) return;
        if (token == address(hostile)) vm.assertTrue(hostile.succeeded(), "the token's misbehaviour");
        if (token == ETHER && recipient == address(caller)) {
            vm.assertTrue(caller.succeeded(), "the receiver's misbehaviour");
        }
    }

    /// @dev By a token or a receiver, in the middle of a transfer: no money moves in or out meanwhile, and everything
    ///      else goes its way.
    function misbehave(uint256 which, uint32 phaseIndex, uint256 actor) external {
        vm.assertTrue(msg.sender == address(hostile) || msg.sender == address(caller), "who misbehaves");
        for (uint256 i = 0; i < TOKENS; ++i) {
            vm.prank(actors[actor % ACTORS]);
            (bool worked,) = address(vault).call(abi.encodeCall(vault.withdraw, (tokens[i])));
            vm.assertTrue(!worked, "paid out in the middle of a transfer");
        }
        (bool opened_,) = address(machine).call(abi.encodeCall(machine.execute, (keccak256("nested"), WORKFLOW, 1, "")));
        vm.assertTrue(!opened_, "took in in the middle of a transfer");
        // Not while the first execution is being paid for.
        if (bookings.length == 0) return;
        complete(which, phaseIndex, EVERYBODY, actor, 100_000, 1 gwei);
        claim(which, phaseIndex, uint32(actor % MEMBERS));
        end(which);
    }
}
