using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Yaml;
using Cluster.ApiServer.Hosting;
using OpenTelemetry;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Cluster.Cli.Hosting;

/// <summary>Sends the API server's spans to an OpenTelemetry collector, as a <c>TracingConfiguration</c> of apiserver.config.k8s.io says. Off without one.</summary>
internal static class Tracing
{
    private const string DefaultEndpoint = "localhost:4317";
    private const double Million = 1_000_000;

    /// <summary>Begins; dispose what it returns to send what is pending and end.</summary>
    /// <exception cref="CliException">The file is no such configuration.</exception>
    public static IDisposable? Start(string? configFile)
    {
        if (configFile is null) return null;
        (Uri endpoint, double ratio) = Read(configFile);
        return Sdk.CreateTracerProviderBuilder()
            .AddSource(RequestTraces.SourceName)
            .SetResourceBuilder(ResourceBuilder.CreateDefault().AddService("apiserver"))
            .SetSampler(new ParentBasedSampler(new TraceIdRatioBasedSampler(ratio)))
            .AddOtlpExporter(exporter => exporter.Endpoint = endpoint)
            .Build();
    }

    private static (Uri Endpoint, double Ratio) Read(string path)
    {
        try
        {
            var json = YamlCodec.ToJson(File.ReadAllText(path)) is [var first, ..] ? JsonNode.Parse(first) as JsonObject : null;
            if ((string?)json?["kind"] != "TracingConfiguration") throw new CliException($"--tracing-config-file {path}: kind TracingConfiguration is meant", 2);
            string endpoint = (string?)json["endpoint"] ?? DefaultEndpoint;
            return (new Uri(endpoint.Contains("://", StringComparison.Ordinal) ? endpoint : $"http://{endpoint}"), ((double?)json["samplingRatePerMillion"] ?? 0) / Million);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or StatusException or JsonException or InvalidOperationException or UriFormatException)
        {
            throw new CliException($"--tracing-config-file {path}: {failure.Message}", 2);
        }
    }
}
