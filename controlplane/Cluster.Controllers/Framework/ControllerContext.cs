using Cluster.Api;
using Cluster.Client;
using Microsoft.Extensions.Logging;

namespace Cluster.Controllers.Framework;

/// <summary>What every controller is given.</summary>
public sealed record ControllerContext(IApiClient Client, ControllerManagerOptions Options, ILoggerFactory Logs, TimeProvider Time)
{
    /// <summary>Makes the recorder of a component's Events; the manager disposes it at the end of the term.</summary>
    public required Func<string, EventRecorder> Events { get; init; }

    public DateTimeOffset Now => Time.GetUtcNow();
}
