namespace Cluster.ApiServer.Fairness;

/// <summary>
/// Serves so many requests at once; the rest wait in a queue for each flow, and the flows take turns. A flow that asks for more than its
/// share waits for itself alone. A request that is much work takes several seats.
/// </summary>
/// <remarks>Safe for concurrent use: one short lock, no allocation where a seat is free and the flow known.</remarks>
internal sealed class PriorityLevel(LevelOptions options, TimeProvider time)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Flow> _flows = new(StringComparer.Ordinal);

    /// <summary>Flows with somebody waiting, in the order of their turns.</summary>
    private readonly LinkedList<Flow> _turns = [];

    private int _running;
    private int _waiting;

    // The flow whose turn it is waits for more seats than are free: what is given back is kept for it, or small requests would pass it for ever.
    private bool _isHeld;

    public string Name => options.Name;

    /// <summary>The most seats that one request takes.</summary>
    public int WidestRequest => options.WidestRequest;

    /// <summary>Seats that are taken.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Requests that wait for one.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>One more of the flow would be let in or may wait.</summary>
    public bool HasRoom(string flow)
    {
        lock (_lock)
            return _waiting < options.MaxWaiting && (!_flows.TryGetValue(flow, out var own) || own.Queue.Count < options.QueueLength);
    }

    /// <summary>Takes seats, waiting for them if need be. Whoever got them calls <see cref="Leave"/>.</summary>
    /// <param name="flow">Whose request it is.</param>
    /// <param name="width">So many, at most <see cref="WidestRequest"/>.</param>
    /// <param name="patience">The longest wait.</param>
    /// <param name="cancellationToken">The request's own end.</param>
    /// <returns>False: too many wait already, or the wait was too long.</returns>
    public ValueTask<bool> EnterAsync(string flow, int width, TimeSpan patience, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (!_flows.TryGetValue(flow, out var own))
                _flows[flow] = own = new Flow(flow);
            if (!_isHeld && own.Queue.Count == 0 && FitsLocked(own, width))
            {
                _running += width;
                own.Running += width;
                return ValueTask.FromResult(true);
            }

            if (own.Queue.Count >= options.QueueLength || _waiting >= options.MaxWaiting)
            {
                ForgetLocked(own);
                return ValueTask.FromResult(false);
            }

            waiter = new Waiter(own, width);
            waiter.Place = own.Queue.AddLast(waiter);
            if (own.Queue.Count == 1)
                _turns.AddLast(own);
            _waiting++;
            _isHeld |= own.Queue.Count == 1 && own.Running + width <= options.SeatsOfOneFlow;
        }

        return new ValueTask<bool>(WaitAsync(waiter, patience, cancellationToken));
    }

    /// <summary>Gives the seats back; whoever's turn it is gets them.</summary>
    /// <param name="flow">Whose request it was.</param>
    /// <param name="width">As many as it took.</param>
    public void Leave(string flow, int width)
    {
        List<Waiter>? next;
        lock (_lock)
        {
            var own = _flows[flow];
            own.Running -= width;
            _running -= width;
            ForgetLocked(own);
            next = NextLocked();
        }

        Seat(next);
    }

    private static void Seat(List<Waiter>? next)
    {
        foreach (var waiter in next ?? [])
            waiter.Seat.SetResult(true);
    }

    private bool FitsLocked(Flow flow, int width) =>
        _running + width <= options.Seats && flow.Running + width <= options.SeatsOfOneFlow;

    // A flow at its own limit keeps its turn until it may have seats again, and the others go on.
    private List<Waiter>? NextLocked()
    {
        List<Waiter>? next = null;
        _isHeld = false;
        var turn = _turns.First;
        while (turn is not null && !_isHeld)
        {
            var following = turn.Next;
            var flow = turn.Value;
            var waiter = flow.Queue.First!.Value;
            if (FitsLocked(flow, waiter.Width))
            {
                RemoveLocked(waiter);
                flow.Running += waiter.Width;
                _running += waiter.Width;
                (next ??= []).Add(waiter);
                if (flow.Queue.Count > 0)
                {
                    _turns.Remove(flow);
                    _turns.AddLast(flow);
                    following ??= _turns.Last;
                }
            }
            else
            {
                _isHeld = flow.Running + waiter.Width <= options.SeatsOfOneFlow;
            }

            turn = following;
        }

        return next;
    }

    private async Task<bool> WaitAsync(Waiter waiter, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            var seated = await waiter.Seat.Task.WaitAsync(patience, time, cancellationToken);
            // Behind the work that is there already: as what follows from the request that gave its seat back, one after the other of the queue would pass it.
            await Task.Yield();
            return seated;
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            if (!GiveUp(waiter))
            {
                // The seats came at the same moment: they go to the next.
                Leave(waiter.Flow.Name, waiter.Width);
            }

            if (e is OperationCanceledException)
                throw;
            return false;
        }
    }

    private bool GiveUp(Waiter waiter)
    {
        List<Waiter>? next;
        lock (_lock)
        {
            if (waiter.Place.List is null)
                return false;
            RemoveLocked(waiter);
            ForgetLocked(waiter.Flow);
            // It may have been the one that held the others up.
            next = NextLocked();
        }

        Seat(next);
        return true;
    }

    private void RemoveLocked(Waiter waiter)
    {
        var flow = waiter.Flow;
        flow.Queue.Remove(waiter.Place);
        _waiting--;
        if (flow.Queue.Count == 0)
            _turns.Remove(flow);
    }

    private void ForgetLocked(Flow flow)
    {
        if (flow is { Running: 0, Queue.Count: 0 })
            _flows.Remove(flow.Name);
    }

    private sealed class Flow(string name)
    {
        public string Name { get; } = name;

        public int Running { get; set; }

        public LinkedList<Waiter> Queue { get; } = [];
    }

    private sealed class Waiter(Flow flow, int width)
    {
        public Flow Flow { get; } = flow;

        public int Width { get; } = width;

        public TaskCompletionSource<bool> Seat { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public LinkedListNode<Waiter> Place { get; set; } = null!;
    }
}
