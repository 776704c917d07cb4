using Cluster.Dataplane.Linux.Bpf;
using static Cluster.Dataplane.Linux.Bpf.BpfRegister;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Writes the programs that count what becomes of the sockets that were led to a backend; one object a program. R6: the context, R7: the socket's record.</summary>
internal sealed class CountingCode(SocketMaps maps)
{
    // struct bpf_sock_ops
    private const int Operation = 0;
    private const int OldState = 4;
    private const int NewState = 8;
    private const int CallbackFlags = 84;
    private const int BytesReceived = 168;
    private const int BytesAcknowledged = 176;
    private const int OperationsSocket = 184;
    private const int BPF_SOCK_OPS_TCP_CONNECT_CB = 3;
    private const int BPF_SOCK_OPS_STATE_CB = 10;
    private const int BPF_SOCK_OPS_STATE_CB_FLAG = 1 << 2;

    // enum in net/tcp_states.h
    private const int TCP_ESTABLISHED = 1;
    private const int TCP_SYN_SENT = 2;
    private const int TCP_CLOSE = 7;

    // struct bpf_sock
    private const int Protocol = 12;
    private const int IPPROTO_UDP = 17;

    private readonly BpfAssembler _code = new();

    /// <summary>TCP: asks for the states of connections of ours when they begin, then counts them.</summary>
    public BpfAssembler Operations()
    {
        _code.Move(R6, R1);
        _code.Load(R2, R6, Operation, BpfWidth.Word);
        _code.JumpIf(R2, BpfCondition.Equal, BPF_SOCK_OPS_TCP_CONNECT_CB, "begin");
        _code.JumpIf(R2, BpfCondition.Equal, BPF_SOCK_OPS_STATE_CB, "state");
        _code.Exit(1);

        _code.Label("begin");
        LoadRecord();
        _code.Load(R2, R6, CallbackFlags, BpfWidth.Word);
        _code.Do(BpfOperation.Or, R2, BPF_SOCK_OPS_STATE_CB_FLAG);
        _code.Move(R1, R6);
        _code.Call(BpfHelper.SetSocketOperationsFlags);
        _code.Exit(1);

        _code.Label("state");
        LoadRecord();
        LoadBackend();
        _code.Load(R2, R6, OldState, BpfWidth.Word);
        _code.Load(R3, R6, NewState, BpfWidth.Word);
        _code.Move(R4, 1);
        _code.JumpIf(R3, BpfCondition.Equal, TCP_ESTABLISHED, "opened");
        _code.JumpIf(R3, BpfCondition.NotEqual, TCP_CLOSE, "end");
        _code.JumpIf(R2, BpfCondition.Equal, TCP_SYN_SENT, "failed");
        CountClosed();
        Count("opened", BackendField.Opened);
        CountFailed();
        return End();
    }

    /// <summary>UDP: counts connected sockets that are closed.</summary>
    public BpfAssembler Release()
    {
        _code.Move(R6, R1);
        _code.Load(R2, R6, Protocol, BpfWidth.Word);
        _code.JumpIf(R2, BpfCondition.NotEqual, IPPROTO_UDP, "end");
        _code.Move(R2, R6);
        LoadRecordOf();
        _code.Move(R1, R6);
        _code.Call(BpfHelper.SocketCookie);
        _code.Store(R10, SocketFrame.FlowKey, R0, BpfWidth.Double);
        PickCode.Delete(_code, maps.Connected, SocketFrame.FlowKey);
        LoadBackend();
        _code.Move(R4, 1);
        Count("closed", BackendField.Closed);
        return End();
    }

    // R7: the record of the connection's socket; ends the program where it has none.
    private void LoadRecord()
    {
        _code.Load(R2, R6, OperationsSocket, BpfWidth.Double);
        _code.JumpIf(R2, BpfCondition.Equal, 0, "end");
        LoadRecordOf();
    }

    private void LoadRecordOf()
    {
        _code.MoveMap(R1, maps.Sockets);
        _code.Move(R3, 0);
        _code.Move(R4, 0);
        _code.Call(BpfHelper.SocketStorageGet);
        _code.JumpIf(R0, BpfCondition.Equal, 0, "end");
        _code.Move(R7, R0);
    }

    // R0: the socket's backend, if it is still that one.
    private void LoadBackend()
    {
        _code.Load(R1, R7, SocketField.Backend, BpfWidth.Word);
        _code.Store(R10, SocketFrame.Index, R1, BpfWidth.Word);
        _code.Move(R2, R10);
        _code.Do(BpfOperation.Add, R2, SocketFrame.Index);
        _code.MoveMap(R1, maps.Backends);
        _code.Call(BpfHelper.MapLookup);
        _code.JumpIf(R0, BpfCondition.Equal, 0, "end");
        _code.Load(R1, R7, SocketField.Identity, BpfWidth.Word);
        _code.Load(R2, R0, BackendField.Identity, BpfWidth.Word);
        _code.JumpIf(R1, BpfCondition.NotEqual, R2, "end");
    }

    private void Count(string label, int field)
    {
        _code.Label(label);
        _code.AtomicAdd(R0, field, R4, BpfWidth.Double);
        _code.Jump("end");
    }

    // With what moved: at the end alone, for there is no other moment that costs its traffic nothing.
    private void CountClosed()
    {
        _code.AtomicAdd(R0, BackendField.Closed, R4, BpfWidth.Double);
        PickCode.Lookup(_code, maps.Traffic, SocketFrame.Index, "end");
        _code.Load(R1, R6, BytesReceived, BpfWidth.Double);
        _code.AtomicAdd(R0, TrafficField.ToClient, R1, BpfWidth.Double);
        // The SYN is acknowledged as a byte is, and so is a FIN; whether there was one is not told.
        _code.Load(R1, R6, BytesAcknowledged, BpfWidth.Double);
        _code.Do(BpfOperation.Add, R1, -1);
        _code.AtomicAdd(R0, TrafficField.ToBackend, R1, BpfWidth.Double);
        _code.Jump("end");
    }

    // Of the backend, and of all, so that nobody need read every backend to find out that there was one.
    private void CountFailed()
    {
        _code.Label("failed");
        _code.AtomicAdd(R0, BackendField.Failed, R4, BpfWidth.Double);
        _code.Store(R10, SocketFrame.Index, ListWriter.FailuresSlot, BpfWidth.Word);
        PickCode.Lookup(_code, maps.Slots, SocketFrame.Index, "end");
        _code.Move(R4, 1);
        _code.AtomicAdd(R0, 0, R4, BpfWidth.Double);
    }

    private BpfAssembler End()
    {
        _code.Label("end");
        _code.Exit(1);
        return _code;
    }
}
