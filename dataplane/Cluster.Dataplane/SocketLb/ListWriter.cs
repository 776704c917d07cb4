using Cluster.Dataplane.Linux.Bpf;

namespace Cluster.Dataplane.SocketLb;

/// <summary>Writes lists of backends where programs read them: a whole new block, then one word that names it. One caller at a time.</summary>
internal sealed class ListWriter
{
    /// <summary>The slot in which programs count connections that were not established, over all backends: who looks for them looks here first.</summary>
    public const int FailuresSlot = 1;

    /// <summary>The very first slot holds the last identity given.</summary>
    private const int FirstSlot = 2;

    private readonly BpfArray<ulong> _slots;
    private readonly SlotBlocks _blocks;

    public ListWriter(BpfArray<ulong> slots)
    {
        _slots = slots;
        _blocks = new SlotBlocks(FirstSlot, slots.Length);
    }

    /// <summary>A number that was never given before, by no process that used these maps.</summary>
    public uint NextIdentity() => (uint)++_slots[0];

    /// <summary>Goes on with lists of an earlier process.</summary>
    public void Recover(IEnumerable<ulong> words) => _blocks.Recover(words.Where(word => word != 0).Select(word => ((int)ListReference.From(word).Base, BlockSlots(word))));

    /// <summary>Makes the word name the content; false where no room is left, and then nothing has changed.</summary>
    /// <param name="word">The place of a <see cref="ListReference"/> in a service's record.</param>
    /// <param name="flags">Policy and flags.</param>
    /// <param name="affinitySeconds">0 for no affinity.</param>
    /// <param name="turns">The index of the backend of each turn.</param>
    public bool Write(ref ulong word, uint flags, uint affinitySeconds, ReadOnlySpan<uint> turns)
    {
        if (word != 0 && Holds(word, flags, affinitySeconds, turns)) return true;
        var block = _blocks.Take(ListReference.HeaderSlots + turns.Length);
        if (block < 0) return false;
        var list = new ListReference((uint)block, NextIdentity());
        _slots[block] = list.Slot((uint)turns.Length);
        _slots[block + 1] = list.Slot(flags);
        _slots[block + 2] = list.Slot(affinitySeconds);
        for (var i = 0; i < turns.Length; i++) _slots[block + ListReference.HeaderSlots + i] = list.Slot(turns[i]);
        Put(ref word, list.ToWord());
        return true;
    }

    /// <summary>Makes the word name nothing.</summary>
    public void Clear(ref ulong word) => Put(ref word, 0);

    private void Put(ref ulong word, ulong value)
    {
        var before = word;
        // Released: whoever reads the new word reads a block that is complete.
        Volatile.Write(ref word, value);
        if (before != 0) _blocks.Return((int)ListReference.From(before).Base, BlockSlots(before));
    }

    private int BlockSlots(ulong word) => ListReference.HeaderSlots + (int)(uint)_slots[(int)ListReference.From(word).Base];

    private bool Holds(ulong word, uint flags, uint affinitySeconds, ReadOnlySpan<uint> turns)
    {
        var block = (int)ListReference.From(word).Base;
        if ((uint)_slots[block] != turns.Length || (uint)_slots[block + 1] != flags || (uint)_slots[block + 2] != affinitySeconds) return false;
        for (var i = 0; i < turns.Length; i++)
            if ((uint)_slots[block + ListReference.HeaderSlots + i] != turns[i]) return false;
        return true;
    }
}
