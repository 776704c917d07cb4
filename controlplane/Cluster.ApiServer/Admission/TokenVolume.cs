using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.ApiServer.Admission;

/// <summary>The volume by which a pod's containers find the API: a token, the cluster's authority and the namespace.</summary>
internal static class TokenVolume
{
    private const string MountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
    private const string NamePrefix = "kube-api-access-";

    /// <summary>An hour and a little: what clients of a well-known lifetime expect, told apart from a pod that asks for an hour itself.</summary>
    private const long TokenSeconds = 3607;

    private const int ReadableByAll = 0x1a4; // 0644

    /// <summary>Mounts the volume in each container that has nothing at its place, and adds it if any needs it.</summary>
    public static void Mount(PodSpec spec)
    {
        var name = spec.Volumes.FirstOrDefault(volume => volume.Name.StartsWith(NamePrefix, StringComparison.Ordinal))?.Name;
        var existed = name is not null;
        name ??= Names.Generate(NamePrefix);
        var mounted = false;
        foreach (var container in spec.InitContainers.Concat(spec.Containers))
        {
            if (container.VolumeMounts.Any(mount => mount.MountPath == MountPath))
                continue;
            container.VolumeMounts.Add(new VolumeMount { Name = name, ReadOnly = true, MountPath = MountPath });
            mounted = true;
        }

        if (mounted && !existed)
            spec.Volumes.Add(Create(name));
    }

    private static Volume Create(string name) => new()
    {
        Name = name,
        VolumeSource = new VolumeSource
        {
            Projected = new ProjectedVolumeSource
            {
                DefaultMode = ReadableByAll,
                Sources =
                {
                    new VolumeProjection { ServiceAccountToken = new() { ExpirationSeconds = TokenSeconds, Path = "token" } },
                    new VolumeProjection
                    {
                        ConfigMap = new()
                        {
                            LocalObjectReference = new() { Name = "kube-root-ca.crt" },
                            Items = { new KeyToPath { Key = "ca.crt", Path = "ca.crt" } },
                        },
                    },
                    new VolumeProjection
                    {
                        DownwardAPI = new()
                        {
                            Items = { new DownwardAPIVolumeFile { Path = "namespace", FieldRef = new() { ApiVersion = "v1", FieldPath = "metadata.namespace" } } },
                        },
                    },
                },
            },
        },
    };
}
