using System.Text.RegularExpressions;
using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Kubelet.Sources;

namespace Cluster.Kubelet.Variables;

/// <summary>
/// The environment of one container: envFrom in order, then env in order, then the services' variables that nothing overrode.
/// </summary>
internal sealed partial class EnvironmentBuilder
{
    private readonly Pod pod;
    private readonly Container container;
    private readonly PodAddresses addresses;
    private readonly ReferencedObjects objects;
    private readonly IReadOnlyDictionary<string, QuantityValue> allocatable;
    private readonly Dictionary<string, string> variables = [];

    public EnvironmentBuilder(
        Pod pod, Container container, PodAddresses addresses, ReferencedObjects objects, IReadOnlyDictionary<string,
        QuantityValue> allocatable)
    {
        this.pod = pod;
        this.container = container;
        this.addresses = addresses;
        this.objects = objects;
        this.allocatable = allocatable;
    }

    /// <summary>Keys of envFrom sources that are no names of variables.</summary>
    public List<string> InvalidNames { get; } = [];

    /// <exception cref="ContainerConfigException">A source that is not optional is missing.</exception>
    public async Task<IReadOnlyDictionary<string, string>> BuildAsync(
        IReadOnlyDictionary<string, string> services, CancellationToken cancellationToken)
    {
        foreach (var source in container.EnvFrom) await AddFromAsync(source, cancellationToken);
        var known = new Dictionary<string, string>(services);
        foreach (var (name, value) in variables) known[name] = value;
        foreach (var variable in container.Env)
        {
            if (await ValueAsync(variable, known, cancellationToken) is not { } value) continue;
            variables[variable.Name] = value;
            known[variable.Name] = value;
        }

        foreach (var (name, value) in services) variables.TryAdd(name, value);
        return variables;
    }

    private async Task<string?> ValueAsync(EnvVar variable, Dictionary<string, string> known, CancellationToken cancellationToken)
    {
        if (variable.Value.Length > 0 || variable.ValueFrom is not { } from) return Expansion.Expand(variable.Value, known);
        if (from.FieldRef is { } field) return FieldReferences.Field(pod, field.FieldPath, addresses);
        if (from.ResourceFieldRef is { } resource) return FieldReferences.Resource(pod, container, resource, allocatable);
        if (from.ConfigMapKeyRef is { } config) return await KeyAsync(config, cancellationToken);
        return from.SecretKeyRef is { } secret ? await KeyAsync(secret, cancellationToken) : "";
    }

    private async Task<string?> KeyAsync(ConfigMapKeySelector selector, CancellationToken cancellationToken)
    {
        var name = selector.LocalObjectReference?.Name ?? "";
        var found = await objects.FindConfigMapAsync(pod.Metadata.Namespace, name, cancellationToken);
        if (found is not null && found.Data.TryGetValue(selector.Key, out var value)) return value;
        if (selector.Optional) return null;
        throw new ContainerConfigException(found is null
            ? $"configmap \"{name}\" not found"
            : $"couldn't find key {selector.Key} in ConfigMap {pod.Metadata.Namespace}/{name}");
    }

    private async Task<string?> KeyAsync(SecretKeySelector selector, CancellationToken cancellationToken)
    {
        var name = selector.LocalObjectReference?.Name ?? "";
        var found = await objects.FindSecretAsync(pod.Metadata.Namespace, name, cancellationToken);
        if (found is not null && found.Data.TryGetValue(selector.Key, out var value)) return value.ToStringUtf8();
        if (selector.Optional) return null;
        throw new ContainerConfigException(found is null
            ? $"secret \"{name}\" not found"
            : $"couldn't find key {selector.Key} in Secret {pod.Metadata.Namespace}/{name}");
    }

    private async Task AddFromAsync(EnvFromSource source, CancellationToken cancellationToken)
    {
        if (source.ConfigMapRef is { } config)
        {
            var name = config.LocalObjectReference?.Name ?? "";
            var found = await objects.FindConfigMapAsync(pod.Metadata.Namespace, name, cancellationToken);
            if (found is null && !config.Optional) throw new ContainerConfigException($"configmap \"{name}\" not found");
            AddAll(source.Prefix, found?.Data.Select(pair => (pair.Key, pair.Value)));
        }

        if (source.SecretRef is { } secret)
        {
            var name = secret.LocalObjectReference?.Name ?? "";
            var found = await objects.FindSecretAsync(pod.Metadata.Namespace, name, cancellationToken);
            if (found is null && !secret.Optional) throw new ContainerConfigException($"secret \"{name}\" not found");
            AddAll(source.Prefix, found?.Data.Select(pair => (pair.Key, pair.Value.ToStringUtf8())));
        }
    }

    private void AddAll(string prefix, IEnumerable<(string Key, string Value)>? pairs)
    {
        foreach (var (key, value) in pairs ?? [])
        {
            if (VariableName().IsMatch(prefix + key)) variables[prefix + key] = value;
            else InvalidNames.Add(key);
        }
    }

    [GeneratedRegex(@"^[-._a-zA-Z][-._a-zA-Z0-9]*$")]
    private static partial Regex VariableName();
}
