using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Authorization.Nodes;

/// <summary>All that a pod refers to: its node's kubelet must be able to read it.</summary>
internal static class PodReferences
{
    private const string MirrorAnnotation = "kubernetes.io/config.mirror";

    public static HashSet<PodReference> Of(Pod pod)
    {
        var found = new HashSet<PodReference>();
        // A mirror pod is the kubelet's own word: it gives the kubelet nothing.
        if (pod.Spec is not { } spec || pod.Metadata.Annotations.ContainsKey(MirrorAnnotation))
            return found;

        Add(PodReference.Accounts, spec.ServiceAccountName);
        foreach (var secret in spec.ImagePullSecrets)
            Add(PodReference.Secrets, secret.Name);
        foreach (var container in spec.InitContainers.Concat(spec.Containers))
            AddVariables(container.Env, container.EnvFrom);
        foreach (var container in spec.EphemeralContainers)
            AddVariables(container.EphemeralContainerCommon?.Env ?? [], container.EphemeralContainerCommon?.EnvFrom ?? []);
        foreach (var volume in spec.Volumes.Where(volume => volume.VolumeSource is not null))
            AddVolume(volume);
        return found;

        void Add(string resource, string? name)
        {
            if (name is { Length: > 0 })
                found.Add(new PodReference(resource, pod.Metadata.Namespace, name));
        }

        void AddVariables(IEnumerable<EnvVar> variables, IEnumerable<EnvFromSource> sources)
        {
            foreach (var from in variables.Select(variable => variable.ValueFrom).OfType<EnvVarSource>())
            {
                Add(PodReference.Secrets, from.SecretKeyRef?.LocalObjectReference?.Name);
                Add(PodReference.ConfigMaps, from.ConfigMapKeyRef?.LocalObjectReference?.Name);
            }

            foreach (var source in sources)
            {
                Add(PodReference.Secrets, source.SecretRef?.LocalObjectReference?.Name);
                Add(PodReference.ConfigMaps, source.ConfigMapRef?.LocalObjectReference?.Name);
            }
        }

        void AddVolume(Volume volume)
        {
            var source = volume.VolumeSource;
            Add(PodReference.Secrets, source.Secret?.SecretName);
            Add(PodReference.Secrets, source.Csi?.NodePublishSecretRef?.Name);
            Add(PodReference.ConfigMaps, source.ConfigMap?.LocalObjectReference?.Name);
            Add(PodReference.Claims, source.PersistentVolumeClaim?.ClaimName);
            if (source.Ephemeral is not null)
                Add(PodReference.Claims, $"{pod.Metadata.Name}-{volume.Name}");
            foreach (var part in source.Projected?.Sources ?? [])
            {
                Add(PodReference.Secrets, part.Secret?.LocalObjectReference?.Name);
                Add(PodReference.ConfigMaps, part.ConfigMap?.LocalObjectReference?.Name);
            }
        }
    }
}
