using System.Text.Json;
using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.Yaml;
using Cluster.Client;

namespace Cluster.Cli.Demo;

/// <summary>Creates the objects of an example's manifest; what is there already stays as it is.</summary>
internal sealed class ManifestApplier(IApiClient client)
{
    public async Task ApplyAsync(string yaml, CancellationToken cancellationToken)
    {
        foreach (byte[] document in YamlCodec.ToJson(yaml))
        {
            using JsonDocument json = JsonDocument.Parse(document);
            string apiVersion = json.RootElement.GetProperty("apiVersion").GetString()!, kind = json.RootElement.GetProperty("kind").GetString()!;
            ResourceType type = ResourceCatalog.FindKind(apiVersion, kind) ?? throw new CliException($"{apiVersion} {kind} is not a served kind");
            var obj = (IApiObject)JsonCodec.Decode(document, type.Descriptor, FieldValidation.Strict, null);
            obj.Metadata.Namespace = "default";
            Console.WriteLine($"{type.Singular}/{obj.Metadata.Name} {await CreateAsync(obj, cancellationToken)}");
        }
    }

    private async Task<string> CreateAsync(IApiObject obj, CancellationToken cancellationToken)
    {
        try
        {
            await (obj switch
            {
                ConfigMap configMap => client.CreateAsync(configMap, cancellationToken),
                Service service => client.CreateAsync(service, cancellationToken),
                ReplicationController controller => client.CreateAsync(controller, cancellationToken),
                Deployment deployment => (Task)client.CreateAsync(deployment, cancellationToken),
                _ => throw new CliException($"the demo does not apply {obj.Descriptor.Name}; kubectl does"),
            });
            return "created";
        }
        catch (StatusException failure) when (failure.IsAlreadyExists)
        {
            return "unchanged";
        }
    }
}
