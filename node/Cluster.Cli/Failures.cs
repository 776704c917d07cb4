using Cluster.Api;
using Cluster.ApiServer.Admission;
using Cluster.Containers;
using Cluster.Dataplane.Handover;
using Cluster.Proxy.CommandLine;
using Cluster.Storage;

namespace Cluster.Cli;

/// <summary>Tells failures of the world around us, which a line explains, from bugs, which want their stack trace.</summary>
internal static class Failures
{
    /// <summary>The line, or null for what should not have happened.</summary>
    public static string? Explain(Exception failure) => failure switch
    {
        CliException or UsageException or StoreException or RuntimeException or StatusException or HandoverException or AdmissionPluginException => failure.Message.ReplaceLineEndings(" "),
        HttpRequestException or Grpc.Core.RpcException => $"the API server did not answer: {failure.Message.ReplaceLineEndings(" ")}",
        IOException or UnauthorizedAccessException or InvalidDataException => failure.Message.ReplaceLineEndings(" "),
        _ => null,
    };
}
