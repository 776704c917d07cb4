using Cluster.Api;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Rest;

/// <summary>A watch on its way to one client. Used once.</summary>
internal interface IWatchAnswer
{
    /// <summary>
    /// Sends events until the timeout, which ends the stream normally, until the client goes, or until it is stuck: then it is told so.
    /// </summary>
    /// <param name="watch">The events.</param>
    /// <param name="timeout">The end, if nothing else ends it.</param>
    /// <param name="onStuck">Told of a client that is stuck, before it gets the time to take the reason.</param>
    Task RunAsync(ResourceWatch watch, TimeSpan timeout, Action onStuck);

    /// <summary>A watch that cannot begin is told so in its first event, as Kubernetes does.</summary>
    Task RefuseAsync(StatusException failure);
}
