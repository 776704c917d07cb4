using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Hosting;

namespace Cluster.ApiServer.Fairness;

/// <summary>The seat of a request that gives it back before it ends, as a watch does, or whose message says only later how much work it is, as a call's does.</summary>
/// <remarks>Belongs to its request; not for concurrent use.</remarks>
internal sealed class RequestSeat(FairQueues queues, UserIdentity user, string path) : IDisposable
{
    private FairQueues.Seat _seat;

    /// <summary>Takes the seats that such a request needs, instead of those it has.</summary>
    /// <param name="labels">What it turned out to be.</param>
    /// <param name="cancellationToken">The request's own end.</param>
    /// <exception cref="Cluster.Api.StatusException">429.</exception>
    public async ValueTask TakeAsync(RequestLabels labels, CancellationToken cancellationToken)
    {
        if (queues.IsFor(_seat, user, path, labels))
            return;
        Dispose();
        _seat = await queues.EnterAsync(user, path, labels, cancellationToken);
    }

    public void Dispose()
    {
        var seat = _seat;
        _seat = default;
        seat.Dispose();
    }
}
