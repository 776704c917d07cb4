using Cluster.Api.CoreV1;
using Cluster.Api.StorageV1;

namespace Cluster.Api.Tables;

/// <summary>Volumes that outlive pods, and who provides them.</summary>
internal static class StorageColumns
{
    private const string BetaClass = "volume.beta.kubernetes.io/storage-class";
    private const string DefaultClass = "storageclass.kubernetes.io/is-default-class";
    private const string BetaDefaultClass = "storageclass.beta.kubernetes.io/is-default-class";

    public static TableColumns OfPersistentVolume() => new TableBuilder<PersistentVolume>()
        .Name()
        .Text("Capacity", "How much it holds.", volume => CellText.Storage(volume.Spec?.Capacity))
        .Text("Access Modes", "How it may be mounted.", volume => CellText.AccessModes(volume.Spec?.AccessModes))
        .Text("Reclaim Policy", "What becomes of it after its claim.", volume => volume.Spec?.PersistentVolumeReclaimPolicy ?? "")
        .Text("Status", "Whether it is bound.", volume => Phase(volume, volume.Status?.Phase))
        .Text("Claim", "The claim it is bound to.", volume => volume.Spec?.ClaimRef is { } claim ? $"{claim.Namespace}/{claim.Name}" : "")
        .Text("StorageClass", "The class it belongs to.", volume => ClassOf(volume, volume.Spec?.StorageClassName))
        .Text("VolumeAttributesClass", "The class of its changeable attributes.",
            volume => CellText.OrUnset(volume.Spec?.HasVolumeAttributesClassName ?? false, volume.Spec?.VolumeAttributesClassName ?? ""))
        .Text("Reason", "Why it is in that state.", volume => volume.Status?.Reason ?? "")
        .Age()
        .Wide("VolumeMode", "Filesystem or Block.", volume => CellText.OrUnset(volume.Spec?.HasVolumeMode ?? false, volume.Spec?.VolumeMode ?? ""))
        .Build();

    public static TableColumns OfPersistentVolumeClaim() => new TableBuilder<PersistentVolumeClaim>()
        .Name()
        .Text("Status", "Whether it is bound.", claim => Phase(claim, claim.Status?.Phase))
        .Text("Volume", "The volume it is bound to.", claim => claim.Spec?.VolumeName ?? "")
        .Text("Capacity", "How much it got.", claim => IsBound(claim) ? CellText.Storage(claim.Status?.Capacity) : "")
        .Text("Access Modes", "How it may be mounted.", claim => IsBound(claim) ? CellText.AccessModes(claim.Status?.AccessModes) : "")
        .Text("StorageClass", "The class it asks for.", claim => ClassOf(claim, claim.Spec?.StorageClassName))
        .Text("VolumeAttributesClass", "The class of its changeable attributes.",
            claim => CellText.OrUnset(claim.Spec?.HasVolumeAttributesClassName ?? false, claim.Spec?.VolumeAttributesClassName ?? ""))
        .Age()
        .Wide("VolumeMode", "Filesystem or Block.", claim => CellText.OrUnset(claim.Spec?.HasVolumeMode ?? false, claim.Spec?.VolumeMode ?? ""))
        .Build();

    public static TableColumns OfStorageClass() => new TableBuilder<StorageClass>()
        .Add("Name", "string", "name", "The object's name; the default class is marked.", 0, (item, _) => ClassName(item))
        .Text("Provisioner", "Who makes volumes of the class.", item => item.Provisioner)
        .Text("ReclaimPolicy", "What becomes of a volume after its claim.", item => item.HasReclaimPolicy ? item.ReclaimPolicy : "Delete")
        .Text("VolumeBindingMode", "When a claim is bound.", item => item.HasVolumeBindingMode ? item.VolumeBindingMode : "Immediate")
        .Add("AllowVolumeExpansion", "string", "", "Whether a claim may grow.", 0, (item, _) => item.AllowVolumeExpansion)
        .Age()
        .Build();

    public static TableColumns OfVolumeAttachment() => new TableBuilder<VolumeAttachment>()
        .Name()
        .Add("Attacher", "string", "name", "The driver that attaches it.", 0, (item, _) => item.Spec?.Attacher ?? "")
        .Text("PV", "The volume.", item => item.Spec?.Source?.PersistentVolumeName ?? "")
        .Text("Node", "The node it is attached to.", item => item.Spec?.NodeName ?? "")
        .Add("Attached", "boolean", "", "Whether it is attached.", 0, (item, _) => item.Status?.Attached ?? false)
        .Age()
        .Build();

    public static TableColumns OfCsiNode() => new TableBuilder<CSINode>()
        .Name()
        .Number("Drivers", "Drivers the node has.", node => node.Spec?.Drivers.Count ?? 0)
        .Age()
        .Build();

    public static TableColumns OfCsiDriver() => new TableBuilder<CSIDriver>()
        .Name()
        .Add("AttachRequired", "boolean", "", "Its volumes are attached first.", 0, (driver, _) => driver.Spec is not { HasAttachRequired: true, AttachRequired: false })
        .Add("PodInfoOnMount", "boolean", "", "It is told of the pod.", 0, (driver, _) => driver.Spec?.PodInfoOnMount ?? false)
        .Add("StorageCapacity", "boolean", "", "It tells how much room there is.", 0, (driver, _) => driver.Spec?.StorageCapacity ?? false)
        .Text("TokenRequests", "Audiences of the tokens it gets.", Tokens)
        .Add("RequiresRepublish", "boolean", "", "It is called again from time to time.", 0, (driver, _) => driver.Spec?.RequiresRepublish ?? false)
        .Text("Modes", "How long its volumes live.", driver => CellText.List(driver.Spec?.VolumeLifecycleModes ?? []))
        .Age()
        .Build();

    public static TableColumns OfCsiStorageCapacity() => new TableBuilder<CSIStorageCapacity>()
        .Name()
        .Text("StorageClassName", "The class it is about.", item => item.StorageClassName)
        .Text("Capacity", "How much room there is.", item => CellText.OrUnset(item.Capacity is not null, item.Capacity?.String ?? ""))
        .Build();

    private static bool IsBound(PersistentVolumeClaim claim) => claim.Spec?.VolumeName.Length > 0;

    private static string Phase(IApiObject obj, string? phase) => obj.Metadata?.DeletionTimestamp is null ? phase ?? "" : "Terminating";

    private static string ClassOf(IApiObject obj, string? name) => obj.Metadata?.Annotations.GetValueOrDefault(BetaClass) ?? name ?? "";

    private static string ClassName(StorageClass item)
    {
        var annotations = item.Metadata?.Annotations ?? [];
        var isDefault = annotations.GetValueOrDefault(DefaultClass) == "true" || annotations.GetValueOrDefault(BetaDefaultClass) == "true";
        return (item.Metadata?.Name ?? "") + (isDefault ? " (default)" : "");
    }

    private static string Tokens(CSIDriver driver) => driver.Spec is { TokenRequests.Count: > 0 } spec
        ? string.Join(',', spec.TokenRequests.Select(request => request.Audience)) : CellText.Unset;
}
