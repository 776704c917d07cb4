namespace Cluster.ApiServer.Fairness;

/// <summary>
/// Serves so many requests at once; the rest wait in a queue for each flow, and the flows take turns. A flow that asks for more than its
/// share waits for itself alone.
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

    public string Name => options.Name;

    /// <summary>Requests that have a seat.</summary>
    public int Running => Volatile.Read(ref _running);

    /// <summary>Requests that wait for one.</summary>
    public int Waiting => Volatile.Read(ref _waiting);

    /// <summary>Takes a seat, waiting for it if need be. Whoever got one calls <see cref="Leave"/>.</summary>
    /// <param name="flow">Whose request it is.</param>
    /// <param name="patience">The longest wait.</param>
    /// <param name="cancellationToken">The request's own end.</param>
    /// <returns>False: too many wait already, or the wait was too long.</returns>
    public ValueTask<bool> EnterAsync(string flow, TimeSpan patience, CancellationToken cancellationToken)
    {
        Waiter waiter;
        lock (_lock)
        {
            if (!_flows.TryGetValue(flow, out var own))
                _flows[flow] = own = new Flow(flow);
            if (_running < options.Seats && own.Running < options.SeatsOfOneFlow && own.Queue.Count == 0)
            {
                _running++;
                own.Running++;
                return ValueTask.FromResult(true);
            }

            if (own.Queue.Count >= options.QueueLength || _waiting >= options.MaxWaiting)
            {
                ForgetLocked(own);
                return ValueTask.FromResult(false);
            }

            waiter = new Waiter(own);
            waiter.Place = own.Queue.AddLast(waiter);
            if (own.Queue.Count == 1)
                _turns.AddLast(own);
            _waiting++;
        }

        return new ValueTask<bool>(WaitAsync(waiter, patience, cancellationToken));
    }

    /// <summary>Gives the seat back; whoever's turn it is gets it.</summary>
    public void Leave(string flow)
    {
        List<Waiter>? next;
        lock (_lock)
        {
            var own = _flows[flow];
            own.Running--;
            _running--;
            ForgetLocked(own);
            next = NextLocked();
        }

        foreach (var waiter in next ?? [])
            waiter.Seat.SetResult(true);
    }

    // A flow at its limit keeps its turn until it may have a seat again.
    private List<Waiter>? NextLocked()
    {
        List<Waiter>? next = null;
        var turn = _turns.First;
        while (turn is not null && _running < options.Seats)
        {
            var following = turn.Next;
            var flow = turn.Value;
            if (flow.Running < options.SeatsOfOneFlow)
            {
                var waiter = flow.Queue.First!.Value;
                RemoveLocked(waiter);
                flow.Running++;
                _running++;
                (next ??= []).Add(waiter);
                if (flow.Queue.Count > 0)
                {
                    _turns.Remove(flow);
                    _turns.AddLast(flow);
                }
            }

            turn = following;
        }

        return next;
    }

    private async Task<bool> WaitAsync(Waiter waiter, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            return await waiter.Seat.Task.WaitAsync(patience, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            if (!GiveUp(waiter))
            {
                // The seat came at the same moment: it goes to the next.
                Leave(waiter.Flow.Name);
            }

            if (e is OperationCanceledException)
                throw;
            return false;
        }
    }

    private bool GiveUp(Waiter waiter)
    {
        lock (_lock)
        {
            if (waiter.Place.List is null)
                return false;
            RemoveLocked(waiter);
            ForgetLocked(waiter.Flow);
            return true;
        }
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

    private sealed class Waiter(Flow flow)
    {
        public Flow Flow { get; } = flow;

        public TaskCompletionSource<bool> Seat { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public LinkedListNode<Waiter> Place { get; set; } = null!;
    }
}
