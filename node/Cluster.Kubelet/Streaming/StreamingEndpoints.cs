using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.PodWorkers;
using Cluster.Kubelet.Server;
using Cluster.Kubelet.Streaming.PortForwarding;
using Cluster.Kubelet.Streaming.RemoteCommands;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet.Streaming;

/// <summary>The paths that carry streams, under upstream's names. Only the API server may ask for them.</summary>
internal static class StreamingEndpoints
{
    public static void Map(
        IEndpointRouteBuilder routes, PodWorkerSet workers, ContainerObserver observer, IContainerRuntime runtime, StreamingOptions options,
        ILogger logger)
    {
        var limit = new SessionLimit(options.MaxSessions);
        var lookup = new PodLookup(workers, observer);
        var commands = new RemoteCommandEndpoints(lookup, runtime, limit, options, logger);
        var ports = new PortForwardEndpoint(lookup, new PodDialer(observer, runtime), limit, options, logger);
        Map(routes, "/exec/{ns}/{pod}/{container}", commands.ExecAsync);
        Map(routes, "/exec/{ns}/{pod}/{uid}/{container}", commands.ExecAsync);
        Map(routes, "/attach/{ns}/{pod}/{container}", commands.AttachAsync);
        Map(routes, "/attach/{ns}/{pod}/{uid}/{container}", commands.AttachAsync);
        Map(routes, "/portForward/{ns}/{pod}", ports.ServeAsync);
        Map(routes, "/portForward/{ns}/{pod}/{uid}", ports.ServeAsync);
    }

    private static void Map(IEndpointRouteBuilder routes, string path, RequestDelegate answer) =>
        routes.MapMethods(path, ["GET", "POST"], (RequestDelegate)(context => CallerCheck.IsApiServer(context)
            ? answer(context)
            : UpgradeRequest.RefuseAsync(context, StatusCodes.Status403Forbidden, "Forbidden")));
}
