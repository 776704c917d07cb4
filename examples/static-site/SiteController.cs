using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Microsoft.Extensions.Logging;

namespace StaticSite;

/// <summary>Makes StaticSite objects true: a ConfigMap with the page, a Deployment that serves it, and a status that tells how it goes.</summary>
public sealed class SiteController(IApiClient client, ILogger logger, TimeProvider time)
{
    private const string Definition = "staticsites.example.com";
    private const string Port = "8080";

    /// <summary>Runs until cancelled. The definition must be there, or come within some seconds.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            var type = await TypeAsync(cancellationToken);
            var sites = ((ICustomKinds)client).ForKind(type);
            using var queue = new WorkQueue<ObjectKey>(time);
            var informer = new Informer<CustomObject>(sites, null, ListQuery.All, logger, time);
            informer.AddHandler((old, current) => queue.Add(ObjectKey.Of((current ?? old)!)));
            var deployments = new Informer<Deployment>(client, null, ListQuery.All, logger, time);
            deployments.AddHandler((old, current) => AddOwner(queue, type, (current ?? old)!));
            // The first that fails ends the controller, and says why.
            await await Task.WhenAny(informer.RunAsync(cancellationToken), deployments.RunAsync(cancellationToken), WorkAsync(queue, type, sites, cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The way to stop it.
        }
    }

    private async Task<ResourceType> TypeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var definitions = await client.ListAsync<CustomResourceDefinition>(null, ListQuery.All, cancellationToken);
            if (definitions.Items.FirstOrDefault(one => one.Metadata.Name == Definition) is { } found && CustomKinds.IsEstablished(found))
                return CustomKinds.Of(found)[0];
            await Task.Delay(TimeSpan.FromMilliseconds(200), time, cancellationToken);
        }
    }

    private static void AddOwner(WorkQueue<ObjectKey> queue, ResourceType type, IApiObject obj)
    {
        if (obj.Metadata.OwnerReferences.FirstOrDefault(owner => owner.Kind == type.Kind && owner.ApiVersion == type.ApiVersion) is { } site)
            queue.Add(ObjectKey.Of(obj.Metadata.Namespace, site.Name));
    }

    private async Task WorkAsync(WorkQueue<ObjectKey> queue, ResourceType type, IApiClient sites, CancellationToken cancellationToken)
    {
        while (true)
        {
            var key = await queue.GetAsync(cancellationToken);
            try
            {
                await ReconcileAsync(key, type, sites, cancellationToken);
                queue.Forget(key);
            }
            catch (Exception e) when (e is StatusException or HttpRequestException or IOException)
            {
                // A conflict, or a server that is away: later again.
                logger.LogWarning("{Site}: {Message}; trying again", key, e.Message);
                queue.AddRateLimited(key);
            }

            queue.Done(key);
        }
    }

    private async Task ReconcileAsync(ObjectKey key, ResourceType type, IApiClient sites, CancellationToken cancellationToken)
    {
        if (await FindAsync<CustomObject>(sites, key, cancellationToken) is not { Metadata.DeletionTimestamp: null } site)
            return;
        var spec = CustomJson.Content(site)["spec"]!;
        var owner = new OwnerReference { ApiVersion = type.ApiVersion, Kind = type.Kind, Name = key.Name, Uid = site.Metadata.Uid, Controller = true };

        await KeepPageAsync(key, owner, spec["html"]!.ToString(), cancellationToken);
        var deployment = await KeepDeploymentAsync(key, owner, spec["image"]!.ToString(), (int)(long)spec["replicas"]!, cancellationToken);
        await TellAsync(site, deployment, sites, cancellationToken);
    }

    private async Task KeepPageAsync(ObjectKey key, OwnerReference owner, string html, CancellationToken cancellationToken)
    {
        var wanted = new ConfigMap { Metadata = Metadata(key, owner), Data = { ["index.html"] = html } };
        if (await FindAsync<ConfigMap>(client, key, cancellationToken) is not { } map)
        {
            await client.CreateAsync(wanted, cancellationToken);
        }
        else if (!map.Data.Equals(wanted.Data))
        {
            map.Data.Clear();
            map.Data.Add(wanted.Data);
            await client.UpdateAsync(map, cancellationToken);
        }
    }

    private async Task<Deployment> KeepDeploymentAsync(ObjectKey key, OwnerReference owner, string image, int replicas, CancellationToken cancellationToken)
    {
        if (await FindAsync<Deployment>(client, key, cancellationToken) is not { } deployment)
            return await client.CreateAsync(NewDeployment(key, owner, image, replicas), cancellationToken);
        var container = deployment.Spec.Template.Spec.Containers[0];
        if (deployment.Spec.Replicas == replicas && container.Image == image)
            return deployment;
        (deployment.Spec.Replicas, container.Image) = (replicas, image);
        return await client.UpdateAsync(deployment, cancellationToken);
    }

    private static async Task TellAsync(CustomObject site, Deployment deployment, IApiClient sites, CancellationToken cancellationToken)
    {
        var content = CustomJson.Content(site);
        var status = new JsonObject
        {
            ["replicas"] = (long)(deployment.Status?.Replicas ?? 0),
            ["ready"] = (long)(deployment.Status?.ReadyReplicas ?? 0),
            ["observedGeneration"] = site.Metadata.Generation,
        };
        if (JsonNode.DeepEquals(content["status"], status))
            return;
        content["status"] = status;
        var told = site.Clone();
        CustomJson.SetContent(told, content);
        await sites.UpdateStatusAsync(told, cancellationToken);
    }

    private static Deployment NewDeployment(ObjectKey key, OwnerReference owner, string image, int replicas) => new()
    {
        Metadata = Metadata(key, owner),
        Spec = new DeploymentSpec
        {
            Replicas = replicas,
            Selector = new LabelSelector { MatchLabels = { ["site"] = key.Name } },
            Template = new PodTemplateSpec
            {
                Metadata = new ObjectMeta { Labels = { ["site"] = key.Name } },
                Spec = new PodSpec
                {
                    Volumes = { new Volume { Name = "page", VolumeSource = new VolumeSource { ConfigMap = new ConfigMapVolumeSource { LocalObjectReference = new LocalObjectReference { Name = key.Name } } } } },
                    Containers =
                    {
                        new Container
                        {
                            Name = "web",
                            Image = image,
                            Command = { "httpd", "-f", "-p", Port, "-h", "/page" },
                            VolumeMounts = { new VolumeMount { Name = "page", MountPath = "/page" } },
                        },
                    },
                },
            },
        },
    };

    private static ObjectMeta Metadata(ObjectKey key, OwnerReference owner) =>
        new() { Namespace = key.Namespace, Name = key.Name, OwnerReferences = { owner } };

    private static async Task<T?> FindAsync<T>(IApiClient client, ObjectKey key, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        try
        {
            return await client.GetAsync<T>(key.Namespace, key.Name, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            return null;
        }
    }
}
