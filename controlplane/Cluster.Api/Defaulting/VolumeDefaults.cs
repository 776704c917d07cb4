using Cluster.Api.CoreV1;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of a pod's volume.</summary>
internal static class VolumeDefaults
{
    /// <summary>0644: files are readable by all.</summary>
    private const int FileMode = 420;

    private const long TokenLifetimeSeconds = 3600;

    public static void Apply(Volume volume)
    {
        volume.VolumeSource ??= new VolumeSource();
        var source = volume.VolumeSource;
        if (source.CalculateSize() == 0)
        {
            source.EmptyDir = new EmptyDirVolumeSource();
        }
        if (source.Secret is { HasDefaultMode: false } secret)
        {
            secret.DefaultMode = FileMode;
        }
        if (source.ConfigMap is { HasDefaultMode: false } configMap)
        {
            configMap.DefaultMode = FileMode;
        }
        if (source.HostPath is { HasType: false } hostPath)
        {
            hostPath.Type = "";
        }
        if (source.Ephemeral?.VolumeClaimTemplate?.Spec is { } claim)
        {
            StorageDefaults.Apply(claim);
        }
        Apply(source.DownwardAPI);
        Apply(source.Projected);
        ApplyNetworkStorage(source);
    }

    private static void Apply(DownwardAPIVolumeSource? source)
    {
        if (source is null)
        {
            return;
        }
        if (!source.HasDefaultMode)
        {
            source.DefaultMode = FileMode;
        }
        Apply(source.Items);
    }

    private static void Apply(ProjectedVolumeSource? source)
    {
        if (source is null)
        {
            return;
        }
        if (!source.HasDefaultMode)
        {
            source.DefaultMode = FileMode;
        }
        foreach (var projection in source.Sources)
        {
            if (projection.ServiceAccountToken is { HasExpirationSeconds: false } token)
            {
                token.ExpirationSeconds = TokenLifetimeSeconds;
            }
            Apply(projection.DownwardAPI?.Items ?? []);
        }
    }

    private static void Apply(IEnumerable<DownwardAPIVolumeFile> files)
    {
        foreach (var file in files)
        {
            ContainerDefaults.Apply(file.FieldRef);
        }
    }

    private static void ApplyNetworkStorage(VolumeSource source)
    {
        if (source.Iscsi is { } iscsi)
        {
            iscsi.IscsiInterface = iscsi.IscsiInterface.Or("default");
        }
        if (source.Rbd is { } rbd)
        {
            rbd.Pool = rbd.Pool.Or("rbd");
            rbd.User = rbd.User.Or("admin");
            rbd.Keyring = rbd.Keyring.Or("/etc/ceph/keyring");
        }
    }
}
