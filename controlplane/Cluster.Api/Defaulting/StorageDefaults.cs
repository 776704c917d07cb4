using Cluster.Api.CoreV1;
using Cluster.Api.StorageV1;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of volumes that outlive pods, of claims for them, and of who provides them.</summary>
internal static class StorageDefaults
{
    private const string Filesystem = "Filesystem";
    private const string Pending = "Pending";

    public static void Apply(PersistentVolume volume)
    {
        volume.Status ??= new PersistentVolumeStatus();
        volume.Status.Phase = volume.Status.Phase.Or(Pending);
        volume.Spec ??= new PersistentVolumeSpec();
        var spec = volume.Spec;
        spec.PersistentVolumeReclaimPolicy = spec.PersistentVolumeReclaimPolicy.Or("Retain");
        if (!spec.HasVolumeMode)
        {
            spec.VolumeMode = Filesystem;
        }
        ResourceListDefaults.Apply(spec.Capacity);
        if (spec.PersistentVolumeSource is { } source)
        {
            Apply(source);
        }
    }

    public static void Apply(PersistentVolumeClaim claim)
    {
        claim.Status ??= new PersistentVolumeClaimStatus();
        claim.Status.Phase = claim.Status.Phase.Or(Pending);
        ResourceListDefaults.Apply(claim.Status.Capacity);
        ResourceListDefaults.Apply(claim.Status.AllocatedResources);
        claim.Spec ??= new PersistentVolumeClaimSpec();
        Apply(claim.Spec);
    }

    public static void Apply(PersistentVolumeClaimSpec spec)
    {
        if (!spec.HasVolumeMode)
        {
            spec.VolumeMode = Filesystem;
        }
        ResourceListDefaults.Apply(spec.Resources?.Limits ?? []);
        ResourceListDefaults.Apply(spec.Resources?.Requests ?? []);
    }

    public static void Apply(StorageClass item)
    {
        if (!item.HasReclaimPolicy)
        {
            item.ReclaimPolicy = "Delete";
        }
        if (!item.HasVolumeBindingMode)
        {
            item.VolumeBindingMode = "Immediate";
        }
    }

    public static void Apply(CSIDriver driver)
    {
        driver.Spec ??= new CSIDriverSpec();
        var spec = driver.Spec;
        spec.AttachRequired = !spec.HasAttachRequired || spec.AttachRequired;
        spec.PodInfoOnMount = spec.HasPodInfoOnMount && spec.PodInfoOnMount;
        spec.StorageCapacity = spec.HasStorageCapacity && spec.StorageCapacity;
        spec.RequiresRepublish = spec.HasRequiresRepublish && spec.RequiresRepublish;
        spec.SeLinuxMount = spec.HasSeLinuxMount && spec.SeLinuxMount;
        if (!spec.HasFsGroupPolicy)
        {
            spec.FsGroupPolicy = "ReadWriteOnceWithFSType";
        }
        if (spec.VolumeLifecycleModes.Count == 0)
        {
            spec.VolumeLifecycleModes.Add("Persistent");
        }
    }

    private static void Apply(PersistentVolumeSource source)
    {
        if (source.HostPath is { HasType: false } hostPath)
        {
            hostPath.Type = "";
        }
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
