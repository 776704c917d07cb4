using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Hosting;

namespace Cluster.ApiServer.Fairness;

/// <summary>The seat of a request that gives it back before it ends, as a watch does, or whose message says only later how much work it is, as a call's does.</summary>
/// <remarks>Its request alone takes seats and waits on its client; giving back is safe from any thread and done once.</remarks>
internal sealed class RequestSeat(FairQueues queues, UserIdentity user, string path) : IDisposable
{
    /// <summary>
    /// So long in all a request may wait on its client and keep its seats, which are for work: below the time in which others lose leases that they can't renew for want of a seat.
    /// </summary>
    public static readonly TimeSpan LongestOnClient = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private FairQueues.Seat _seat;
    private TimeSpan _leftOnClient = LongestOnClient;

    /// <summary>Takes the seats that such a request needs, instead of those it has.</summary>
    /// <param name="labels">What it turned out to be.</param>
    /// <param name="cancellationToken">The request's own end.</param>
    /// <exception cref="Cluster.Api.StatusException">429.</exception>
    public async ValueTask TakeAsync(RequestLabels labels, CancellationToken cancellationToken)
    {
        if (queues.IsFor(Current(), user, path, labels))
            return;
        Dispose();
        var seat = await queues.EnterAsync(user, path, labels, cancellationToken);
        lock (_lock)
            _seat = seat;
    }

    /// <summary>The client is waited for until what it returns is disposed; the seats are given back when that was too long. Null: there are none to give back.</summary>
    /// <param name="time">The clock of waiting.</param>
    public IDisposable? WaitOnClient(TimeProvider time) => Current().Level is null ? null : new ClientWait(this, time);

    public void Dispose()
    {
        FairQueues.Seat seat;
        lock (_lock)
            (seat, _seat) = (_seat, default);
        seat.Dispose();
    }

    private FairQueues.Seat Current()
    {
        lock (_lock)
            return _seat;
    }

    private sealed class ClientWait : IDisposable
    {
        private readonly RequestSeat _held;
        private readonly TimeProvider _time;
        private readonly long _begun;
        private readonly ITimer _timer;

        public ClientWait(RequestSeat held, TimeProvider time)
        {
            (_held, _time, _begun) = (held, time, time.GetTimestamp());
            _timer = time.CreateTimer(static seat => ((RequestSeat)seat!).Dispose(), held, held._leftOnClient, Timeout.InfiniteTimeSpan);
        }

        public void Dispose()
        {
            _timer.Dispose();
            var left = _held._leftOnClient - _time.GetElapsedTime(_begun);
            _held._leftOnClient = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }
}
