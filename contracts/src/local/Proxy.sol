// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

// The proxy that WorkflowStateMachine is deployed behind: named here so that it is compiled with the rest.
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
