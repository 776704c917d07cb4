using Cluster.Dataplane.Linux.Bpf;
using static Cluster.Dataplane.Linux.Bpf.BpfRegister;

namespace Cluster.Dataplane.Linux.SocketLookup;

/// <summary>
/// The program that the kernel asks which socket a packet without a connection belongs to (BPF_PROG_TYPE_SK_LOOKUP). Outside of our ranges
/// it has no say. Inside, a place that is allowed goes to its own socket, over TCP to one of the listeners in turn or over UDP to the receiver, and
/// everything else gets no socket: the kernel answers with a reset or "port unreachable".
/// </summary>
internal static class LookupProgram
{
    /// <summary>Where the listeners of IPv6 begin in their map; and the most there can be of each family.</summary>
    public const int MaxListeners = 1024;

    /// <summary>Where the receivers stand in the map, behind the listeners: that of IPv4, then that of IPv6.</summary>
    public const int Receivers = 2 * MaxListeners;

    // struct bpf_sk_lookup (linux/bpf.h). Addresses in network order, the local port in the host's.
    private const int ContextFamily = 8;
    private const int ContextProtocol = 12;
    private const int ContextLocalIp4 = 40;
    private const int ContextLocalIp6 = 44;
    private const int ContextLocalPort = 60;

    private const int AF_INET = 2;
    private const int SK_DROP = 0;
    private const int SK_PASS = 1;

    // The two keys overlap on the stack: the range's prefix length, then the address both have, then port and protocol.
    private const int RangeKeyAt = -44;
    private const int PlaceKeyAt = -40;
    private const int PortAt = -24;
    private const int ProtocolAt = -20;
    private const int IndexAt = -8;

    public static BpfProgram Load(BpfMap ranges, BpfMap places, BpfMap turns, BpfMap listeners)
    {
        var code = new BpfAssembler();
        code.Move(R6, R1);
        WritePlace(code);
        code.Store(R10, RangeKeyAt, 128, BpfWidth.Word);
        Find(code, ranges, RangeKeyAt);
        code.JumpIf(R0, BpfCondition.Equal, 0, "pass");
        Find(code, places, PlaceKeyAt);
        code.JumpIf(R0, BpfCondition.Equal, 0, "drop");
        code.Load(R2, R0, 0, BpfWidth.Word);
        code.JumpIf(R2, BpfCondition.Equal, (int)LookupAction.OwnSocket, "pass");
        code.Load(R2, R10, ProtocolAt, BpfWidth.Word);
        code.JumpIf(R2, BpfCondition.Equal, LookupKey.IPPROTO_UDP, "receiver");
        ChooseListener(code, turns);
        code.Jump("assign");
        // Which of the sockets that share its port the kernel finds by client: a flow stays with one.
        code.Label("receiver");
        code.Move(R8, R7);
        code.Do(BpfOperation.Add, R8, Receivers);
        code.Label("assign");
        Assign(code, listeners);
        code.Label("pass");
        code.Exit(SK_PASS);
        code.Label("drop");
        code.Exit(SK_DROP);
        return BpfProgram.Load("cluster_lookup", BpfProgramType.SocketLookup, BpfAttachType.SocketLookup, code);
    }

    private static void WritePlace(BpfAssembler code)
    {
        code.Load(R2, R6, ContextLocalPort, BpfWidth.Word);
        code.Store(R10, PortAt, R2, BpfWidth.Word);
        code.Load(R2, R6, ContextProtocol, BpfWidth.Word);
        code.Store(R10, ProtocolAt, R2, BpfWidth.Word);
        code.Load(R2, R6, ContextFamily, BpfWidth.Word);
        // R7: the index of the family in the turns.
        code.Move(R7, 0);
        code.JumpIf(R2, BpfCondition.Equal, AF_INET, "v4");
        code.Move(R7, 1);
        for (var word = 0; word < 4; word++)
        {
            code.Load(R2, R6, ContextLocalIp6 + (4 * word), BpfWidth.Word);
            code.Store(R10, PlaceKeyAt + (4 * word), R2, BpfWidth.Word);
        }

        code.Jump("find");
        code.Label("v4");
        code.Store(R10, PlaceKeyAt, 0, BpfWidth.Word);
        code.Store(R10, PlaceKeyAt + 4, 0, BpfWidth.Word);
        code.Store(R10, PlaceKeyAt + 8, unchecked((int)0xffff0000), BpfWidth.Word);
        code.Load(R2, R6, ContextLocalIp4, BpfWidth.Word);
        code.Store(R10, PlaceKeyAt + 12, R2, BpfWidth.Word);
        code.Label("find");
    }

    // R8: the turn modulo the listeners there are, counted over all processors, so that loops share connections evenly.
    private static void ChooseListener(BpfAssembler code, BpfMap turns)
    {
        code.Store(R10, IndexAt, R7, BpfWidth.Word);
        Find(code, turns, IndexAt);
        code.JumpIf(R0, BpfCondition.Equal, 0, "drop");
        code.Load(R2, R0, sizeof(ulong), BpfWidth.Double);
        code.JumpIf(R2, BpfCondition.Equal, 0, "drop");
        code.Move(R8, 1);
        code.AtomicFetchAdd(R0, 0, R8, BpfWidth.Double);
        code.Do(BpfOperation.Modulo, R8, R2);
        code.Do(BpfOperation.Multiply, R7, MaxListeners);
        code.Do(BpfOperation.Add, R8, R7);
    }

    private static void Assign(BpfAssembler code, BpfMap listeners)
    {
        code.Store(R10, IndexAt, R8, BpfWidth.Word);
        Find(code, listeners, IndexAt);
        // Its process has died: nobody answers.
        code.JumpIf(R0, BpfCondition.Equal, 0, "drop");
        code.Move(R7, R0);
        code.Move(R1, R6);
        code.Move(R2, R7);
        code.Move(R3, 0);
        code.Call(BpfHelper.AssignSocket);
        code.Move(R8, R0);
        // Found sockets are held until they are let go.
        code.Move(R1, R7);
        code.Call(BpfHelper.SocketRelease);
        code.JumpIf(R8, BpfCondition.NotEqual, 0, "drop");
    }

    private static void Find(BpfAssembler code, BpfMap map, int keyAt)
    {
        code.MoveMap(R1, map);
        code.Move(R2, R10);
        code.Do(BpfOperation.Add, R2, keyAt);
        code.Call(BpfHelper.MapLookup);
    }
}
