using Cluster.Dataplane.Linux.Bpf;
using static Cluster.Dataplane.Linux.Bpf.BpfRegister;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Writes the programs that lead a socket from a service's address to a backend and show it the address it asked for.</summary>
/// <remarks>
/// R6 is the context (struct bpf_sock_addr), R7 the backend, R8 the service, R9 the first slot of its list. Every program ends at
/// "pass" (nothing is changed), "refuse", or by itself.
/// </remarks>
internal sealed class RewriteCode(SocketMaps maps, ulong idleNanoseconds, bool isV6, bool namesError)
{
    // struct bpf_sock_addr; addresses and ports are in network order.
    private const int Address4 = 4;
    private const int Address6 = 8;
    private const int Port = 24;
    private const int Protocol = 36;
    private const int Socket = 64;

    // struct bpf_sock
    private const int SocketState = 72;
    private const int TCP_ESTABLISHED = 1;
    private const int IPPROTO_UDP = 17;

    private const int BPF_SK_STORAGE_GET_F_CREATE = 1;
    private const int ECONNREFUSED = 111;

    // ::ffff:0:0/96 as the second word of an address in network order, and 127.0.0.0/8's first byte.
    private const int MappedPrefix = unchecked((int)0xffff0000);
    private const int LoopbackByte = 127;
    private const int LastWordOfLoopback6 = 0x01000000;

    private readonly BpfAssembler _code = new();

    /// <summary>A socket connects: choose, remember beside the socket, rewrite.</summary>
    public BpfAssembler Connect()
    {
        Begin(miss: "pass");
        var pick = new PickCode(_code, maps);
        pick.LoadList();
        pick.Pick();
        _code.Label("chosen");
        RememberSocket();
        Rewrite();
        _code.Exit(1);
        Refuse();
        // Whatever the reason that the connection is not led.
        _code.Label("pass");
        Forget();
        _code.Label("end");
        _code.Exit(1);
        return _code;
    }

    /// <summary>An unconnected UDP socket sends: the backend it has, or choose one, and note how answers are shown.</summary>
    public BpfAssembler SendMessage()
    {
        Begin(miss: "pass");
        var pick = new PickCode(_code, maps);
        pick.LoadList();
        LoadFlowKey();
        _code.Call(BpfHelper.KtimeNanoseconds);
        _code.Store(R10, SocketFrame.Now, R0, BpfWidth.Double);
        _code.MoveWide(R1, idleNanoseconds);
        pick.Recall(maps.Flows, SocketFrame.FlowKey, hit: "flowing", miss: "new flow");
        _code.Label("new flow");
        pick.Pick();
        _code.Label("chosen");
        pick.Remember(maps.Flows, SocketFrame.FlowKey);
        _code.Move(R1, 1);
        _code.AtomicAdd(R8, ServiceField.Flows, R1, BpfWidth.Double);
        _code.Label("flowing");
        RememberReply();
        Rewrite();
        _code.Exit(1);
        Refuse();
        return End();
    }

    /// <summary>A UDP socket is told where a datagram came from.</summary>
    public BpfAssembler ReceiveMessage()
    {
        _code.Move(R6, R1);
        LoadSocketRecord("unconnected");
        _code.Load(R1, R6, Socket, BpfWidth.Double);
        _code.Load(R1, R1, SocketState, BpfWidth.Word);
        _code.JumpIf(R1, BpfCondition.NotEqual, TCP_ESTABLISHED, "unconnected");
        WriteAddress(R7, SocketField.Address, SocketField.Port);
        _code.Exit(1);

        _code.Label("unconnected");
        _code.Move(R1, R6);
        _code.Call(BpfHelper.SocketCookie);
        _code.Store(R10, SocketFrame.ReplyKey, R0, BpfWidth.Double);
        StoreAddress(SocketFrame.ReplyKey + 8);
        _code.Load(R1, R6, Port, BpfWidth.Word);
        _code.Store(R10, SocketFrame.ReplyKey + 24, R1, BpfWidth.Word);
        _code.Store(R10, SocketFrame.ReplyKey + 28, 0, BpfWidth.Word);
        Lookup(maps.Replies, SocketFrame.ReplyKey, "pass");
        _code.Move(R7, R0);
        WriteAddress(R7, 0, 16);
        return End();
    }

    /// <summary>A connected socket asks who its peer is.</summary>
    public BpfAssembler GetPeerName()
    {
        _code.Move(R6, R1);
        LoadSocketRecord("pass");
        WriteAddress(R7, SocketField.Address, SocketField.Port);
        return End();
    }

    // What a program begins with: is it one of our addresses, one of our namespaces, a service that is there?
    private void Begin(string miss)
    {
        _code.Move(R6, R1);
        StoreAddress(SocketFrame.Frontend);
        _code.Load(R1, R6, Port, BpfWidth.Word);
        _code.Store(R10, SocketFrame.Frontend + 16, R1, BpfWidth.Half);
        _code.Load(R1, R6, Protocol, BpfWidth.Word);
        _code.Store(R10, SocketFrame.Frontend + 18, R1, BpfWidth.Byte);
        _code.Store(R10, SocketFrame.Frontend + 19, 0, BpfWidth.Byte);
        Lookup(maps.Frontends, SocketFrame.Frontend, miss);
        _code.Load(R1, R0, 0, BpfWidth.Word);
        _code.Move(R2, R1);
        _code.Do(BpfOperation.ShiftRight, R2, 31);
        _code.Store(R10, SocketFrame.Scope, R2, BpfWidth.Word);
        _code.Do(BpfOperation.And, R1, int.MaxValue);
        _code.Store(R10, SocketFrame.ServiceSlot, R1, BpfWidth.Word);
        _code.Load(R9, R0, 4, BpfWidth.Word);
        CheckNamespace();
        LoadService();
    }

    private void CheckNamespace()
    {
        _code.Move(R1, R6);
        _code.Call(BpfHelper.NetNamespaceCookie);
        _code.Store(R10, SocketFrame.NamespaceCookie, R0, BpfWidth.Double);
        Lookup(maps.Namespaces, SocketFrame.NamespaceCookie, "pass");
        _code.Load(R1, R0, 0, BpfWidth.Word);
        _code.Store(R10, SocketFrame.NamespaceFlags, R1, BpfWidth.Word);
        _code.JumpIf(R1, BpfCondition.AnyBit, NamespaceFlags.Host, "reachable");

        // Loopback means the caller's own namespace: only the host's is where our node ports are.
        _code.Load(R1, R10, SocketFrame.Frontend, BpfWidth.Double);
        _code.JumpIf(R1, BpfCondition.NotEqual, 0, "reachable");
        _code.Load(R1, R10, SocketFrame.Frontend + 8, BpfWidth.Word);
        _code.JumpIf32(R1, BpfCondition.Equal, MappedPrefix, "mapped");
        _code.Load(R1, R10, SocketFrame.Frontend + 12, BpfWidth.Word);
        _code.JumpIf32(R1, BpfCondition.Equal, LastWordOfLoopback6, "pass");
        _code.Jump("reachable");
        _code.Label("mapped");
        _code.Load(R1, R10, SocketFrame.Frontend + 12, BpfWidth.Byte);
        _code.JumpIf(R1, BpfCondition.Equal, LoopbackByte, "pass");
        _code.Label("reachable");
    }

    // R8: the service, if its slot is still that of the frontend's (R9).
    private void LoadService()
    {
        Lookup(maps.Services, SocketFrame.ServiceSlot, "pass");
        _code.Move(R8, R0);
        _code.Load(R1, R8, ServiceField.Identity, BpfWidth.Word);
        _code.JumpIf(R1, BpfCondition.NotEqual, R9, "pass");
        _code.Load(R1, R8, ServiceField.Epoch, BpfWidth.Word);
        _code.Store(R10, SocketFrame.Epoch, R1, BpfWidth.Word);
    }

    // The key of a socket's flow: its cookie, then service and epoch as in the affinity key.
    private void LoadFlowKey()
    {
        StoreCookie();
        _code.Load(R1, R10, SocketFrame.ServiceSlot, BpfWidth.Word);
        _code.Store(R10, SocketFrame.FlowKey + 8, R1, BpfWidth.Word);
        _code.Load(R1, R10, SocketFrame.Epoch, BpfWidth.Word);
        _code.Store(R10, SocketFrame.FlowKey + 12, R1, BpfWidth.Word);
    }

    private void StoreCookie()
    {
        _code.Move(R1, R6);
        _code.Call(BpfHelper.SocketCookie);
        _code.Store(R10, SocketFrame.FlowKey, R0, BpfWidth.Double);
    }

    // R7 is the backend. Without memory for the record the connection is led all the same: only the counters and the peer's name miss it.
    private void RememberSocket()
    {
        for (var offset = 0; offset < SocketRecord.Bytes; offset += 8) _code.Store(R10, SocketFrame.Socket + offset, 0, BpfWidth.Double);
        _code.MoveMap(R1, maps.Sockets);
        _code.Load(R2, R6, Socket, BpfWidth.Double);
        _code.Move(R3, R10);
        _code.Do(BpfOperation.Add, R3, SocketFrame.Socket);
        _code.Move(R4, BPF_SK_STORAGE_GET_F_CREATE);
        _code.Call(BpfHelper.SocketStorageGet);
        _code.JumpIf(R0, BpfCondition.Equal, 0, "remembered");
        _code.Move(R9, R0);
        CountLeft();
        CopyWord(R10, SocketFrame.Chosen, SocketField.Backend);
        CopyWord(R7, BackendField.Identity, SocketField.Identity);
        CopyWord(R10, SocketFrame.ServiceSlot, SocketField.Service);
        CopyWord(R6, Protocol, SocketField.Protocol);
        CopyWord(R6, Port, SocketField.Port);
        _code.Load(R1, R10, SocketFrame.Frontend, BpfWidth.Double);
        _code.Store(R9, SocketField.Address, R1, BpfWidth.Double);
        _code.Load(R1, R10, SocketFrame.Frontend + 8, BpfWidth.Double);
        _code.Store(R9, SocketField.Address + 8, R1, BpfWidth.Double);

        // A connected UDP socket is open from here on; TCP tells itself when it is.
        _code.Load(R1, R6, Protocol, BpfWidth.Word);
        _code.JumpIf(R1, BpfCondition.NotEqual, IPPROTO_UDP, "remembered");
        _code.Move(R1, 1);
        _code.AtomicAdd(R7, BackendField.Opened, R1, BpfWidth.Double);
        StoreCookie();
        _code.Load(R1, R7, BackendField.Identity, BpfWidth.Word);
        _code.Store(R10, SocketFrame.FlowIdentity, R1, BpfWidth.Word);
        PickCode.Update(_code, maps.Connected, SocketFrame.FlowKey, SocketFrame.FlowIdentity);
        _code.Label("remembered");
    }

    // A UDP socket that connects again leaves its earlier backend (record in R9).
    private void CountLeft()
    {
        var done = _code.NewLabel("left");
        _code.Load(R1, R9, SocketField.Protocol, BpfWidth.Word);
        _code.JumpIf(R1, BpfCondition.NotEqual, IPPROTO_UDP, done);
        _code.Load(R1, R9, SocketField.Backend, BpfWidth.Word);
        _code.Store(R10, SocketFrame.Index, R1, BpfWidth.Word);
        Lookup(maps.Backends, SocketFrame.Index, done);
        _code.Load(R1, R9, SocketField.Identity, BpfWidth.Word);
        _code.Load(R2, R0, BackendField.Identity, BpfWidth.Word);
        _code.JumpIf(R1, BpfCondition.NotEqual, R2, done);
        _code.Move(R1, 1);
        _code.AtomicAdd(R0, BackendField.Closed, R1, BpfWidth.Double);
        _code.Label(done);
    }

    private void CopyWord(BpfRegister from, int offset, int field)
    {
        _code.Load(R1, from, offset, BpfWidth.Word);
        _code.Store(R9, field, R1, BpfWidth.Word);
    }

    // A socket that had been led to a backend connects to somewhere else: its record must not speak for the new peer.
    private void Forget()
    {
        LoadSocketRecord("end");
        _code.Move(R9, R7);
        CountLeft();
        StoreCookie();
        PickCode.Delete(_code, maps.Connected, SocketFrame.FlowKey);
        _code.MoveMap(R1, maps.Sockets);
        _code.Load(R2, R6, Socket, BpfWidth.Double);
        _code.Call(BpfHelper.SocketStorageDelete);
    }

    // Written when it is not there or shows another address of the service; looking keeps it from being forgotten.
    private void RememberReply()
    {
        _code.Load(R1, R10, SocketFrame.FlowKey, BpfWidth.Double);
        _code.Store(R10, SocketFrame.ReplyKey, R1, BpfWidth.Double);
        _code.Load(R1, R7, BackendField.Address, BpfWidth.Double);
        _code.Store(R10, SocketFrame.ReplyKey + 8, R1, BpfWidth.Double);
        _code.Load(R1, R7, BackendField.Address + 8, BpfWidth.Double);
        _code.Store(R10, SocketFrame.ReplyKey + 16, R1, BpfWidth.Double);
        _code.Load(R1, R7, BackendField.Port, BpfWidth.Word);
        _code.Store(R10, SocketFrame.ReplyKey + 24, R1, BpfWidth.Word);
        _code.Store(R10, SocketFrame.ReplyKey + 28, 0, BpfWidth.Word);
        _code.Load(R1, R10, SocketFrame.Frontend, BpfWidth.Double);
        _code.Store(R10, SocketFrame.ReplyValue, R1, BpfWidth.Double);
        _code.Load(R1, R10, SocketFrame.Frontend + 8, BpfWidth.Double);
        _code.Store(R10, SocketFrame.ReplyValue + 8, R1, BpfWidth.Double);
        _code.Load(R1, R6, Port, BpfWidth.Word);
        _code.Store(R10, SocketFrame.ReplyValue + 16, R1, BpfWidth.Word);
        _code.Store(R10, SocketFrame.ReplyValue + 20, 0, BpfWidth.Word);
        Lookup(maps.Replies, SocketFrame.ReplyKey, "write reply");
        foreach (var offset in new[] { 0, 8, 16 })
        {
            _code.Load(R1, R0, offset, BpfWidth.Double);
            _code.Load(R2, R10, SocketFrame.ReplyValue + offset, BpfWidth.Double);
            _code.JumpIf(R1, BpfCondition.NotEqual, R2, "write reply");
        }

        _code.Jump("reply known");
        _code.Label("write reply");
        PickCode.Update(_code, maps.Replies, SocketFrame.ReplyKey, SocketFrame.ReplyValue);
        _code.Label("reply known");
    }

    private void Rewrite() => WriteAddress(R7, BackendField.Address, BackendField.Port);

    // R7: the socket's record; goes to the label where it has none.
    private void LoadSocketRecord(string none)
    {
        _code.MoveMap(R1, maps.Sockets);
        _code.Load(R2, R6, Socket, BpfWidth.Double);
        _code.Move(R3, 0);
        _code.Move(R4, 0);
        _code.Call(BpfHelper.SocketStorageGet);
        _code.JumpIf(R0, BpfCondition.Equal, 0, none);
        _code.Move(R7, R0);
    }

    // The context's address onto the stack, in its 16-byte form.
    private void StoreAddress(int to)
    {
        if (isV6)
        {
            _code.Load(R1, R6, Address6, BpfWidth.Double);
            _code.Store(R10, to, R1, BpfWidth.Double);
            _code.Load(R1, R6, Address6 + 8, BpfWidth.Double);
            _code.Store(R10, to + 8, R1, BpfWidth.Double);
            return;
        }

        _code.Store(R10, to, 0, BpfWidth.Double);
        _code.Store(R10, to + 8, MappedPrefix, BpfWidth.Word);
        _code.Load(R1, R6, Address4, BpfWidth.Word);
        _code.Store(R10, to + 12, R1, BpfWidth.Word);
    }

    // An address and port of memory into the context.
    private void WriteAddress(BpfRegister from, int address, int port)
    {
        if (isV6)
        {
            _code.Load(R1, from, address, BpfWidth.Double);
            _code.Store(R6, Address6, R1, BpfWidth.Double);
            _code.Load(R1, from, address + 8, BpfWidth.Double);
            _code.Store(R6, Address6 + 8, R1, BpfWidth.Double);
        }
        else
        {
            _code.Load(R1, from, address + 12, BpfWidth.Word);
            _code.Store(R6, Address4, R1, BpfWidth.Word);
        }

        _code.Load(R1, from, port, BpfWidth.Word);
        _code.Store(R6, Port, R1, BpfWidth.Word);
    }

    private void Lookup(BpfMap map, int key, string missing) => PickCode.Lookup(_code, map, key, missing);

    private BpfAssembler End()
    {
        _code.Label("pass");
        _code.Exit(1);
        return _code;
    }

    // The caller gets ECONNREFUSED, as from a host where nobody listens.
    private void Refuse()
    {
        _code.Label("refuse");
        _code.Move(R1, 1);
        _code.AtomicAdd(R8, ServiceField.Refused, R1, BpfWidth.Double);
        if (namesError)
        {
            _code.Move(R1, -ECONNREFUSED);
            _code.Call(BpfHelper.SetReturnValue);
        }

        _code.Exit(0);
    }
}
