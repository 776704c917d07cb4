using Cluster.Dataplane.Linux.Bpf;
using static Cluster.Dataplane.Linux.Bpf.BpfRegister;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Writes the part of a program that chooses a backend of the service in R8: the policies. Ends at "chosen" with the backend in R7.</summary>
/// <remarks>R9 is the first slot of the list. A list that changes while it is read is read again, three times at most; then the loops take the connection.</remarks>
internal sealed class PickCode(BpfAssembler code, SocketMaps maps)
{
    private const int MaxTries = 4;
    private const int NanosecondsPerSecond = 1_000_000_000;

    public static void Lookup(BpfAssembler code, BpfMap map, int key, string missing)
    {
        code.Move(R2, R10);
        code.Do(BpfOperation.Add, R2, key);
        code.MoveMap(R1, map);
        code.Call(BpfHelper.MapLookup);
        code.JumpIf(R0, BpfCondition.Equal, 0, missing);
    }

    public static void Update(BpfAssembler code, BpfMap map, int key, int value)
    {
        code.MoveMap(R1, map);
        code.Move(R2, R10);
        code.Do(BpfOperation.Add, R2, key);
        code.Move(R3, R10);
        code.Do(BpfOperation.Add, R3, value);
        code.Move(R4, 0);
        code.Call(BpfHelper.MapUpdate);
    }

    public static void Delete(BpfAssembler code, BpfMap map, int key)
    {
        code.MoveMap(R1, map);
        code.Move(R2, R10);
        code.Do(BpfOperation.Add, R2, key);
        code.Call(BpfHelper.MapDelete);
    }

    /// <summary>Reads the service's list of the scope: "again" is where another try begins. Leaves flags in R7.</summary>
    public void LoadList()
    {
        code.Store(R10, SocketFrame.Tries, 0, BpfWidth.Double);
        code.Label("again");
        code.Load(R1, R10, SocketFrame.Tries, BpfWidth.Double);
        code.JumpIf(R1, BpfCondition.GreaterOrEqual, MaxTries, "pass");
        code.Do(BpfOperation.Add, R1, 1);
        code.Store(R10, SocketFrame.Tries, R1, BpfWidth.Double);

        LoadScope(R1, shift: 3);
        code.Load(R1, R1, ServiceField.Lists, BpfWidth.Double);
        code.JumpIf(R1, BpfCondition.Equal, 0, "pass");
        code.Store(R10, SocketFrame.List, R1, BpfWidth.Double);
        code.Move32(R9, R1);

        LoadSlot(R1, ahead: 0);
        code.Store(R10, SocketFrame.Turns, R1, BpfWidth.Word);
        code.JumpIf(R1, BpfCondition.Equal, 0, "refuse");
        LoadSlot(R7, ahead: 1);
        code.JumpIf(R7, BpfCondition.AnyBit, (int)ListReference.LoopbackBackend, "needs host");
        code.Jump("list");
        code.Label("needs host");
        code.Load(R1, R10, SocketFrame.NamespaceFlags, BpfWidth.Word);
        code.JumpIf(R1, BpfCondition.AnyBit, NamespaceFlags.Host, "list");
        code.Jump("pass");
        code.Label("list");
        LoadSlot(R1, ahead: 2);
        code.Do(BpfOperation.Multiply, R1, NanosecondsPerSecond);
        code.Store(R10, SocketFrame.Timeout, R1, BpfWidth.Double);
    }

    /// <summary>Chooses: the client's own backend where it has one, then by the policy.</summary>
    public void Pick()
    {
        code.Load(R1, R10, SocketFrame.Timeout, BpfWidth.Double);
        code.JumpIf(R1, BpfCondition.Equal, 0, "choose");
        code.Call(BpfHelper.KtimeNanoseconds);
        code.Store(R10, SocketFrame.Now, R0, BpfWidth.Double);
        code.Load(R1, R10, SocketFrame.Timeout, BpfWidth.Double);
        Recall(maps.Affinity, SocketFrame.AffinityKey, hit: "chosen", miss: "choose");
        code.Label("choose");
        code.Do(BpfOperation.And, R7, 0xff);
        code.JumpIf(R7, BpfCondition.Equal, (int)ListReference.TwoChoices, "two choices");
        code.JumpIf(R7, BpfCondition.Equal, (int)ListReference.ByClient, "by client");
        InTurn();
        ByClient();
        TurnToBackend();
        TwoChoices();
        code.Label("new");
        code.Load(R1, R10, SocketFrame.Timeout, BpfWidth.Double);
        code.JumpIf(R1, BpfCondition.Equal, 0, "chosen");
        Remember(maps.Affinity, SocketFrame.AffinityKey);
        code.Jump("chosen");
    }

    /// <summary>Goes to <paramref name="hit"/> with the backend that is kept under the key, if it was used within the time in R1 and may still be.</summary>
    public void Recall(BpfMap map, int key, string hit, string miss)
    {
        // Held on the stack, where a look-up does not lose it.
        code.Store(R10, SocketFrame.MaxSilence, R1, BpfWidth.Double);
        Lookup(code, map, key, miss);
        code.Load(R1, R10, SocketFrame.Now, BpfWidth.Double);
        code.Load(R2, R0, 8, BpfWidth.Double);
        code.Move(R3, R1);
        code.Do(BpfOperation.Subtract, R3, R2);
        code.Load(R2, R10, SocketFrame.MaxSilence, BpfWidth.Double);
        // Signed: who took its time later on another processor may have stored it by now, and the silence is less than none.
        code.JumpIf(R3, BpfCondition.SignedGreaterOrEqual, R2, miss);
        code.Store(R0, 8, R1, BpfWidth.Double);
        code.Load(R1, R0, 4, BpfWidth.Word);
        code.Store(R10, SocketFrame.FlowIdentity, R1, BpfWidth.Word);
        code.Load(R1, R0, 0, BpfWidth.Word);
        code.Store(R10, SocketFrame.Chosen, R1, BpfWidth.Word);
        Lookup(code, maps.Backends, SocketFrame.Chosen, miss);
        code.Load(R1, R0, BackendField.Identity, BpfWidth.Word);
        code.Load(R2, R10, SocketFrame.FlowIdentity, BpfWidth.Word);
        code.JumpIf(R1, BpfCondition.NotEqual, R2, miss);
        code.Load(R1, R0, BackendField.Usable, BpfWidth.Half);
        code.Load(R2, R10, SocketFrame.Scope, BpfWidth.Word);
        code.Do(BpfOperation.ShiftRight, R1, R2);
        code.Do(BpfOperation.And, R1, 1);
        code.JumpIf(R1, BpfCondition.Equal, 0, miss);
        code.Move(R7, R0);
        code.Jump(hit);
    }

    /// <summary>Keeps the chosen backend (R7) under the key from now on.</summary>
    public void Remember(BpfMap map, int key)
    {
        code.Load(R1, R10, SocketFrame.Chosen, BpfWidth.Word);
        code.Store(R10, SocketFrame.FlowValue, R1, BpfWidth.Word);
        code.Load(R1, R7, BackendField.Identity, BpfWidth.Word);
        code.Store(R10, SocketFrame.FlowIdentity, R1, BpfWidth.Word);
        Update(code, map, key, SocketFrame.FlowValue);
    }

    // The next turn of the cursor that all share.
    private void InTurn()
    {
        LoadScope(R1, shift: 2);
        code.Move(R3, 1);
        code.AtomicFetchAdd(R1, ServiceField.Cursors, R3, BpfWidth.Word);
        code.Jump("turn");
    }

    // A namespace always has the same turn: its cookie, mixed as splitmix64 does at its end.
    private void ByClient()
    {
        code.Label("by client");
        code.Load(R3, R10, SocketFrame.NamespaceCookie, BpfWidth.Double);
        MixStep(30, 0xBF58476D1CE4E5B9);
        MixStep(27, 0x94D049BB133111EB);
    }

    private void MixStep(int shift, ulong factor)
    {
        code.Move(R2, R3);
        code.Do(BpfOperation.ShiftRight, R2, shift);
        code.Do(BpfOperation.Xor, R3, R2);
        code.MoveWide(R2, factor);
        code.Do(BpfOperation.Multiply, R3, R2);
    }

    // R3 is any number; the turn is what is left of it.
    private void TurnToBackend()
    {
        code.Label("turn");
        code.Load(R1, R10, SocketFrame.Turns, BpfWidth.Word);
        code.Do(BpfOperation.Modulo, R3, R1);
        LoadBackend(SocketFrame.Chosen);
        code.Move(R7, R0);
        code.Jump("new");
    }

    // Of two drawn at random the one with fewer live connections for its weight.
    private void TwoChoices()
    {
        code.Label("two choices");
        code.Call(BpfHelper.RandomUInt32);
        code.Move(R3, R0);
        code.Load(R1, R10, SocketFrame.Turns, BpfWidth.Word);
        code.Do(BpfOperation.Modulo, R3, R1);
        code.Store(R10, SocketFrame.FlowValue, R3, BpfWidth.Double);
        LoadBackend(SocketFrame.Chosen);
        code.Move(R7, R0);
        code.Load(R1, R10, SocketFrame.Turns, BpfWidth.Word);
        code.JumpIf(R1, BpfCondition.Equal, 1, "new");

        // The second is drawn from the others, so that the two are never the same.
        code.Call(BpfHelper.RandomUInt32);
        code.Move(R3, R0);
        code.Load(R1, R10, SocketFrame.Turns, BpfWidth.Word);
        code.Do(BpfOperation.Subtract, R1, 1);
        code.Do(BpfOperation.Modulo, R3, R1);
        code.Load(R1, R10, SocketFrame.FlowValue, BpfWidth.Double);
        code.JumpIf(R3, BpfCondition.Less, R1, "second");
        code.Do(BpfOperation.Add, R3, 1);
        code.Label("second");
        LoadBackend(SocketFrame.Second);

        // (live + 1) of each times the weight of the other: no division.
        LiveTimesWeight(R4, live: R7, weight: R0);
        LiveTimesWeight(R5, live: R0, weight: R7);
        code.JumpIf(R4, BpfCondition.LessOrEqual, R5, "new");
        code.Move(R7, R0);
        code.Load(R1, R10, SocketFrame.Second, BpfWidth.Word);
        code.Store(R10, SocketFrame.Chosen, R1, BpfWidth.Word);
    }

    private void LiveTimesWeight(BpfRegister to, BpfRegister live, BpfRegister weight)
    {
        code.Load(to, live, BackendField.Opened, BpfWidth.Double);
        code.Load(R1, live, BackendField.Closed, BpfWidth.Double);
        code.Do(BpfOperation.Subtract, to, R1);
        code.Do(BpfOperation.Add, to, 1);
        code.Load(R1, weight, BackendField.Weight, BpfWidth.Half);
        code.Do(BpfOperation.Multiply, to, R1);
    }

    // R0: the backend of turn R3, its index in the frame; another try where list or backend has changed hands.
    private void LoadBackend(int index)
    {
        code.Do(BpfOperation.Add, R3, ListReference.HeaderSlots);
        code.Do(BpfOperation.Add, R3, R9);
        code.Store(R10, SocketFrame.Index, R3, BpfWidth.Word);
        LoadSlotAtIndex(R1);
        code.Store(R10, index, R1, BpfWidth.Word);
        Lookup(code, maps.Backends, index, "again");
        code.Load(R1, R0, BackendField.Service, BpfWidth.Word);
        code.Load(R2, R10, SocketFrame.ServiceSlot, BpfWidth.Word);
        code.JumpIf(R1, BpfCondition.NotEqual, R2, "again");
    }

    private void LoadSlot(BpfRegister to, int ahead)
    {
        code.Move(R1, R9);
        code.Do(BpfOperation.Add, R1, ahead);
        code.Store(R10, SocketFrame.Index, R1, BpfWidth.Word);
        LoadSlotAtIndex(to);
    }

    // One read for value and tag: they belong together.
    private void LoadSlotAtIndex(BpfRegister to)
    {
        Lookup(code, maps.Slots, SocketFrame.Index, "again");
        code.Load(R3, R0, 0, BpfWidth.Double);
        code.Move(R2, R3);
        code.Do(BpfOperation.ShiftRight, R2, 32);
        code.Load(R4, R10, SocketFrame.ListTag, BpfWidth.Word);
        code.JumpIf(R2, BpfCondition.NotEqual, R4, "again");
        code.Move32(to, R3);
    }

    // The service's record plus the scope's share of a pair: bounded, as the verifier wants to see.
    private void LoadScope(BpfRegister to, int shift)
    {
        code.Load(to, R10, SocketFrame.Scope, BpfWidth.Word);
        code.Do(BpfOperation.And, to, 1);
        code.Do(BpfOperation.ShiftLeft, to, shift);
        code.Do(BpfOperation.Add, to, R8);
    }
}
