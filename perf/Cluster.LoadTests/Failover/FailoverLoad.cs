using System.Diagnostics;
using Cluster.LoadTests.Linux;
using Cluster.LoadTests.Loads;

namespace Cluster.LoadTests.Failover;

/// <summary>A connection for each request, begun at a fixed rate whatever the earlier ones do. Whoever has no answer after 5 s gives up.</summary>
internal sealed class FailoverLoad(LoadLoop loop, LoadTarget target, int perSecond) : Load(loop, target)
{
    private static readonly long Patience = 5 * Stopwatch.Frequency;

    private readonly long _period = Stopwatch.Frequency / perSecond;
    private readonly SocketAddressV4 _entry = new(target.Entry);
    private readonly Stack<FailoverClient> _idle = new();

    // In the order in which they began.
    private readonly Queue<(FailoverClient Client, long Began)> _underWay = new();
    private long _next;
    private bool _paused = true;

    /// <summary>How each request ended, in that order.</summary>
    public List<FailoverEnd> Ends { get; } = new(capacity: 1 << 16);

    /// <summary>Requests that have not ended.</summary>
    public int UnderWay { get; private set; }

    public override void Open() => Loop.BetweenBatches = Turn;

    public void Resume()
    {
        _next = Stopwatch.GetTimestamp();
        _paused = false;
    }

    public void Pause() => _paused = true;

    public void Note(FailoverClient client, FailoverOutcome outcome)
    {
        Ends.Add(new FailoverEnd(client.Began, Stopwatch.GetTimestamp(), outcome));
        UnderWay--;
        _idle.Push(client);
    }

    private void Turn()
    {
        long now = Stopwatch.GetTimestamp();
        while (!_paused && now >= _next)
        {
            FailoverClient client = _idle.TryPop(out FailoverClient? rested) ? rested : new FailoverClient(Loop, this);
            UnderWay++;
            _underWay.Enqueue((client, _next));
            client.Begin(_entry, _next);
            _next += _period;
        }

        while (_underWay.TryPeek(out (FailoverClient Client, long Began) oldest) && (oldest.Client.Began != oldest.Began || !oldest.Client.IsUnderWay || now - oldest.Began > Patience))
        {
            _underWay.Dequeue();
            if (oldest.Client.Began == oldest.Began && oldest.Client.IsUnderWay) oldest.Client.GiveUp();
        }
    }
}
