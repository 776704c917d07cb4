namespace Cluster.Dataplane.SocketLb;

/// <summary>Gives out blocks of an array, of sizes that are powers of two. A returned block waits its turn behind all others of its size.</summary>
/// <remarks>
/// One caller at a time. Returned blocks are taken again before the untouched part is, or churn alone would use that up and leave nothing for
/// who grows; blocks side by side are joined when a larger one is asked for than is there.
/// </remarks>
internal sealed class SlotBlocks
{
    /// <summary>So many of a size wait before the first is given out again: one that was just returned may be read for another moment.</summary>
    private const int Resting = 16;

    private readonly Queue<int>[] _free = [.. Enumerable.Range(0, 31).Select(_ => new Queue<int>())];
    private readonly int _end;
    private int _next;
    private bool _canJoin;

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
        if (_free[order].Count > Resting) return _free[order].Dequeue();
        if (_next + (1 << order) <= _end)
        {
            var taken = _next;
            _next += 1 << order;
            return taken;
        }

        return TryTakeFree(order, out var block) || (TryJoin() && TryTakeFree(order, out block)) ? block : -1;
    }

    public void Return(int block, int slots)
    {
        _free[Order(slots)].Enqueue(block);
        _canJoin = true;
    }

    /// <summary>Goes on with what an earlier process gave out: the blocks in use, all that lies between them is free.</summary>
    public void Recover(IEnumerable<(int Block, int Slots)> used)
    {
        foreach (var (block, slots) in used.OrderBy(pair => pair.Block))
        {
            ReturnRange(_next, block);
            _next = Math.Max(_next, block + (1 << Order(slots)));
        }
    }

    private bool TryTakeFree(int order, out int block)
    {
        for (var larger = order; larger < _free.Length; larger++)
        {
            if (!_free[larger].TryDequeue(out block)) continue;
            // The rest of a larger block serves smaller ones.
            for (var half = larger - 1; half >= order; half--) _free[half].Enqueue(block + (1 << half));
            return true;
        }

        block = -1;
        return false;
    }

    // Looks at all that is free, so it is worth it only if something was returned since the last time.
    private bool TryJoin()
    {
        if (!_canJoin) return false;
        _canJoin = false;
        var free = new List<(int From, int To)>();
        for (var order = 0; order < _free.Length; order++)
            while (_free[order].TryDequeue(out var block)) free.Add((block, block + (1 << order)));
        // What is untouched is too small by now, and may join what lies before it.
        free.Add((_next, _end));
        _next = _end;
        free.Sort();
        for (var i = 0; i < free.Count;)
        {
            var (from, to) = free[i++];
            while (i < free.Count && free[i].From == to) to = free[i++].To;
            ReturnRange(from, to);
        }

        return true;
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
