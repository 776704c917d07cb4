using System.Text;
using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Kubelet.Sources;
using Cluster.Kubelet.Variables;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cluster.Kubelet.Volumes;

/// <summary>The files of a volume whose content comes from the API: ConfigMap, Secret, downward API, projected.</summary>
internal sealed class VolumePayload
{
    private const int DefaultMode = 0b110_100_100;
    private static readonly TimeSpan DefaultTokenLifetime = TimeSpan.FromHours(1);

    private readonly Pod pod;
    private readonly PodAddresses addresses;
    private readonly ReferencedObjects objects;
    private readonly TokenCache tokens;
    private readonly IReadOnlyDictionary<string, QuantityValue> allocatable;
    private readonly Dictionary<string, VolumeFile> files = [];
    private int mode = DefaultMode;

    public VolumePayload(
        Pod pod, PodAddresses addresses, ReferencedObjects objects, TokenCache tokens, IReadOnlyDictionary<string,
        QuantityValue> allocatable)
    {
        this.pod = pod;
        this.addresses = addresses;
        this.objects = objects;
        this.tokens = tokens;
        this.allocatable = allocatable;
    }

    private string Namespace => pod.Metadata.Namespace;

    /// <exception cref="ContainerConfigException">An object or key that is not optional is missing.</exception>
    public async Task<IReadOnlyDictionary<string, VolumeFile>> BuildAsync(VolumeSource source, CancellationToken cancellationToken)
    {
        if (source.ConfigMap is { } config)
        {
            UseMode(config.HasDefaultMode, config.DefaultMode);
            await AddConfigMapAsync(config.LocalObjectReference?.Name ?? "", config.Items, config.Optional, cancellationToken);
        }
        else if (source.Secret is { } secret)
        {
            UseMode(secret.HasDefaultMode, secret.DefaultMode);
            await AddSecretAsync(secret.SecretName, secret.Items, secret.Optional, cancellationToken);
        }
        else if (source.DownwardAPI is { } downward)
        {
            UseMode(downward.HasDefaultMode, downward.DefaultMode);
            AddFields(downward.Items);
        }
        else if (source.Projected is { } projected)
        {
            UseMode(projected.HasDefaultMode, projected.DefaultMode);
            foreach (var part in projected.Sources) await AddProjectionAsync(part, cancellationToken);
        }

        return files;
    }

    private void UseMode(bool given, int value) => mode = given ? value : DefaultMode;

    private async Task AddProjectionAsync(VolumeProjection part, CancellationToken cancellationToken)
    {
        if (part.ConfigMap is { } config)
            await AddConfigMapAsync(config.LocalObjectReference?.Name ?? "", config.Items, config.Optional, cancellationToken);
        if (part.Secret is { } secret)
            await AddSecretAsync(secret.LocalObjectReference?.Name ?? "", secret.Items, secret.Optional, cancellationToken);
        if (part.DownwardAPI is { } downward) AddFields(downward.Items);
        if (part.ServiceAccountToken is { } token) await AddTokenAsync(token, cancellationToken);
    }

    private async Task AddConfigMapAsync(string name, RepeatedField<KeyToPath> items, bool optional, CancellationToken cancellationToken)
    {
        var found = await objects.FindConfigMapAsync(Namespace, name, cancellationToken);
        if (found is null && !optional) throw new ContainerConfigException($"configmap \"{name}\" not found");
        var data = new Dictionary<string, ReadOnlyMemory<byte>>();
        foreach (var (key, value) in found?.Data ?? []) data[key] = Encoding.UTF8.GetBytes(value);
        foreach (var (key, value) in found?.BinaryData ?? []) data[key] = value.Memory;
        AddKeys("configmap", data, items, optional);
    }

    private async Task AddSecretAsync(string name, RepeatedField<KeyToPath> items, bool optional, CancellationToken cancellationToken)
    {
        var found = await objects.FindSecretAsync(Namespace, name, cancellationToken);
        if (found is null && !optional) throw new ContainerConfigException($"secret \"{name}\" not found");
        var data = (found?.Data ?? []).ToDictionary(pair => pair.Key, pair => pair.Value.Memory);
        AddKeys("secret", data, items, optional);
    }

    private void AddKeys(string kind, Dictionary<string, ReadOnlyMemory<byte>> data, RepeatedField<KeyToPath> items, bool optional)
    {
        if (items.Count == 0)
        {
            foreach (var (key, value) in data) Add(key, value, null);
            return;
        }

        foreach (var item in items)
        {
            if (data.TryGetValue(item.Key, out var value)) Add(item.Path, value, item.HasMode ? item.Mode : null);
            else if (!optional) throw new ContainerConfigException($"references non-existent {kind} key: {item.Key}");
        }
    }

    private void AddFields(RepeatedField<DownwardAPIVolumeFile> items)
    {
        foreach (var item in items)
        {
            var value = item.FieldRef is { } field
                ? FieldReferences.Field(pod, field.FieldPath, addresses)
                : FieldReferences.Resource(pod, pod.Spec.Containers[0], item.ResourceFieldRef, allocatable);
            Add(item.Path, Encoding.UTF8.GetBytes(value), item.HasMode ? item.Mode : null);
        }
    }

    private async Task AddTokenAsync(ServiceAccountTokenProjection token, CancellationToken cancellationToken)
    {
        var account = pod.Spec.ServiceAccountName.Length == 0 ? "default" : pod.Spec.ServiceAccountName;
        var lifetime = token.HasExpirationSeconds ? TimeSpan.FromSeconds(token.ExpirationSeconds) : DefaultTokenLifetime;
        var order = new TokenOrder(Namespace, account, pod.Metadata.Name, pod.Metadata.Uid, token.Audience, lifetime);
        var text = await tokens.GetAsync(order, cancellationToken);

        // Readable by the user a container runs as, whichever that is, unless the pod says otherwise.
        Add(token.Path, Encoding.UTF8.GetBytes(text), null);
    }

    private void Add(string path, ReadOnlyMemory<byte> content, int? fileMode) =>
        files[path] = new VolumeFile(content, (UnixFileMode)((fileMode ?? mode) & 0x1FF));
}
