from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class SignGenericRequest(_message.Message):
    __slots__ = ("public_key_g1", "data", "password")
    PUBLIC_KEY_G1_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    public_key_g1: str
    data: bytes
    password: str
    def __init__(self, public_key_g1: _Optional[str] = ..., data: _Optional[bytes] = ..., password: _Optional[str] = ...) -> None: ...

class SignGenericResponse(_message.Message):
    __slots__ = ("signature",)
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    signature: bytes
    def __init__(self, signature: _Optional[bytes] = ...) -> None: ...

class SignG1Request(_message.Message):
    __slots__ = ("public_key_g1", "data", "password")
    PUBLIC_KEY_G1_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    PASSWORD_FIELD_NUMBER: _ClassVar[int]
    public_key_g1: str
    data: bytes
    password: str
    def __init__(self, public_key_g1: _Optional[str] = ..., data: _Optional[bytes] = ..., password: _Optional[str] = ...) -> None: ...

class SignG1Response(_message.Message):
    __slots__ = ("signature",)
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    signature: bytes
    def __init__(self, signature: _Optional[bytes] = ...) -> None: ...
