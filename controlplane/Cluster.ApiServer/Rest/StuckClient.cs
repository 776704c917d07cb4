using Cluster.Api;
using Cluster.ApiServer.Fairness;
using Cluster.ApiServer.WatchCache;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Rest;

/// <summary>A watch's client that takes nothing of what waits for it: how it is found out, and what is said to it and about it.</summary>
internal static partial class StuckClient
{
    /// <summary>A client that takes less than Kestrel's pipe holds (64 KiB) in this time is stuck. Behind the slowest links it takes seconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>How long a stuck client has to take the reason before its stream is cut.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    /// <summary>410: clients begin again with a list, as after any watch that fell behind.</summary>
    public static StatusException Failure => StatusErrors.Expired(
        $"the watch was closed: its client took nothing of what waited for it for {Patience.TotalSeconds:0} s");

    /// <summary>
    /// Waits for a flush of the response; false: not within the patience. What is in its pipe stays there for a client that wakes up. Seats are not kept as long.
    /// </summary>
    public static async ValueTask<bool> TakesAsync(Task flushing, HttpContext context, TimeSpan patience, TimeProvider time)
    {
        using var waiting = context.Features.Get<RequestSeat>()?.WaitOnClient(time);
        try
        {
            await flushing.WaitAsync(patience, time, CancellationToken.None);
            return true;
        }
        catch (TimeoutException)
        {
            context.Response.BodyWriter.CancelPendingFlush();
            await flushing;
            return false;
        }
    }

    /// <summary>Counts and logs one.</summary>
    public static void Report(ILogger logger, ResourceType resource, string user)
    {
        CacheMetrics.WatchTerminated(resource.GroupResource);
        LogStuck(logger, resource.GroupResource, user, Patience.TotalSeconds);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "A watch of {Resource} by {User} was closed: its client took nothing of what waited for it for {Seconds} s")]
    private static partial void LogStuck(ILogger logger, string resource, string user, double seconds);
}
