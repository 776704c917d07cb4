namespace Cluster.Dataplane.SocketLb;

/// <summary>Gives out blocks of an array, of sizes that are powers of two. A returned block waits its turn behind all others of its size.</summary>
/// <remarks>One caller at a time. Blocks are never joined again: the sizes in use settle, as services keep about the backends they have.</remarks>
internal sealed class SlotBlocks
{
    private readonly Queue<int>[] _free = [.. Enumerable.Range(0, 31).Select(_ => new Queue<int>())];
    private readonly int _end;
    private int _next;

    /// <param name="first">The first index to give out.</param>
    /// <param name="end">One more than the last.</param>
    public SlotBlocks(int first, int end)
    {
        _next = first;
        _end = end;
    }

    /// <summary>A block that holds so many slots; -1 where there is none left.</summary>
    public int Take(int slots)
    {
        var order = Order(slots);
        // From the untouched part first: a block that was just returned may be read for another moment.
        if (_next + (1 << order) <= _end)
        {
            var taken = _next;
            _next += 1 << order;
            return taken;
        }

        for (var larger = order; larger < _free.Length; larger++)
        {
            if (!_free[larger].TryDequeue(out var block)) continue;
            // The rest of a larger block serves smaller ones.
            for (var half = larger - 1; half >= order; half--) _free[half].Enqueue(block + (1 << half));
            return block;
        }

        return -1;
    }

    public void Return(int block, int slots) => _free[Order(slots)].Enqueue(block);

    /// <summary>Goes on with what an earlier process gave out: the blocks in use, all that lies between them is free.</summary>
    public void Recover(IEnumerable<(int Block, int Slots)> used)
    {
        foreach (var (block, slots) in used.OrderBy(pair => pair.Block))
        {
            ReturnRange(_next, block);
            _next = Math.Max(_next, block + (1 << Order(slots)));
        }
    }

    private void ReturnRange(int from, int to)
    {
        while (from < to)
        {
            var order = int.Log2(to - from);
            _free[order].Enqueue(from);
            from += 1 << order;
        }
    }

    private static int Order(int slots) => slots <= 1 ? 0 : int.Log2(slots - 1) + 1;
}
