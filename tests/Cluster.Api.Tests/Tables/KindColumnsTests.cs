using Cluster.Api.Json;
using Cluster.Api.Tables;

namespace Cluster.Api.Tests.Tables;

/// <summary>Rows of the kinds beyond the first ones, from objects as clients write them.</summary>
public class KindColumnsTests
{
    private const string Meta = "\"metadata\":{\"name\":\"x\",\"creationTimestamp\":\"1970-01-12T13:45:00Z\"}";
    private const string Template = "{\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":\"i\"}],\"nodeSelector\":{\"disk\":\"ssd\"}}}";

    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_000_000);

    [Theory]
    [InlineData("apps/v1", "StatefulSet", "\"spec\":{\"replicas\":3,\"template\":TEMPLATE},\"status\":{\"readyReplicas\":2}",
        "NAME=x READY=2/3 AGE=100s CONTAINERS=a IMAGES=i")]
    [InlineData("apps/v1", "DaemonSet",
        "\"spec\":{\"selector\":{\"matchLabels\":{\"app\":\"x\"}},\"template\":TEMPLATE},\"status\":{\"desiredNumberScheduled\":3,\"currentNumberScheduled\":2,\"numberReady\":1}",
        "NAME=x DESIRED=3 CURRENT=2 READY=1 UP-TO-DATE=0 AVAILABLE=0 NODE SELECTOR=disk=ssd AGE=100s CONTAINERS=a IMAGES=i SELECTOR=app=x")]
    [InlineData("batch/v1", "Job",
        "\"spec\":{\"completions\":2,\"template\":TEMPLATE},\"status\":{\"succeeded\":2,\"startTime\":\"1970-01-12T13:45:00Z\",\"completionTime\":\"1970-01-12T13:45:30Z\",\"conditions\":[{\"type\":\"Complete\",\"status\":\"True\"}]}",
        "NAME=x STATUS=Complete COMPLETIONS=2/2 DURATION=30s AGE=100s CONTAINERS=a IMAGES=i SELECTOR=<none>")]
    [InlineData("v1", "PersistentVolume",
        "\"spec\":{\"capacity\":{\"storage\":\"1Gi\"},\"accessModes\":[\"ReadWriteMany\",\"ReadWriteOnce\"],\"persistentVolumeReclaimPolicy\":\"Retain\",\"storageClassName\":\"fast\",\"claimRef\":{\"namespace\":\"n\",\"name\":\"c\"}},\"status\":{\"phase\":\"Bound\"}",
        "NAME=x CAPACITY=1Gi ACCESS MODES=RWO,RWX RECLAIM POLICY=Retain STATUS=Bound CLAIM=n/c STORAGECLASS=fast VOLUMEATTRIBUTESCLASS=<unset> REASON= AGE=100s VOLUMEMODE=<unset>")]
    [InlineData("v1", "PersistentVolumeClaim",
        "\"spec\":{\"volumeName\":\"v\",\"storageClassName\":\"fast\",\"volumeMode\":\"Block\"},\"status\":{\"phase\":\"Bound\",\"capacity\":{\"storage\":\"1Gi\"},\"accessModes\":[\"ReadOnlyMany\"]}",
        "NAME=x STATUS=Bound VOLUME=v CAPACITY=1Gi ACCESS MODES=ROX STORAGECLASS=fast VOLUMEATTRIBUTESCLASS=<unset> AGE=100s VOLUMEMODE=Block")]
    [InlineData("v1", "ResourceQuota", "\"status\":{\"hard\":{\"pods\":\"3\",\"limits.cpu\":\"2\",\"cpu\":\"1\"},\"used\":{\"pods\":\"1\"}}",
        "NAME=x AGE=100s REQUEST=cpu: 0/1, pods: 1/3 LIMIT=limits.cpu: 0/2")]
    [InlineData("networking.k8s.io/v1", "IngressClass", "\"spec\":{\"controller\":\"e.com/c\",\"parameters\":{\"apiGroup\":\"e.com\",\"kind\":\"P\",\"name\":\"p\"}}",
        "NAME=x CONTROLLER=e.com/c PARAMETERS=P.e.com/p AGE=100s")]
    [InlineData("networking.k8s.io/v1", "NetworkPolicy", "\"spec\":{\"podSelector\":{\"matchLabels\":{\"a\":\"b\"}}}", "NAME=x POD-SELECTOR=a=b AGE=100s")]
    [InlineData("storage.k8s.io/v1", "StorageClass", "\"provisioner\":\"e.com/p\",\"allowVolumeExpansion\":true",
        "NAME=x PROVISIONER=e.com/p RECLAIMPOLICY=Delete VOLUMEBINDINGMODE=Immediate ALLOWVOLUMEEXPANSION=True AGE=100s")]
    [InlineData("storage.k8s.io/v1", "VolumeAttachment", "\"spec\":{\"attacher\":\"e.com\",\"nodeName\":\"n\",\"source\":{\"persistentVolumeName\":\"v\"}},\"status\":{\"attached\":true}",
        "NAME=x ATTACHER=e.com PV=v NODE=n ATTACHED=True AGE=100s")]
    [InlineData("storage.k8s.io/v1", "CSINode", "\"spec\":{\"drivers\":[{\"name\":\"d\",\"nodeID\":\"1\",\"topologyKeys\":[]}]}", "NAME=x DRIVERS=1 AGE=100s")]
    [InlineData("storage.k8s.io/v1", "CSIDriver", "\"spec\":{\"volumeLifecycleModes\":[\"Persistent\"],\"tokenRequests\":[{\"audience\":\"a\"}]}",
        "NAME=x ATTACHREQUIRED=True PODINFOONMOUNT=False STORAGECAPACITY=False TOKENREQUESTS=a REQUIRESREPUBLISH=False MODES=Persistent AGE=100s")]
    [InlineData("node.k8s.io/v1", "RuntimeClass", "\"handler\":\"runc\"", "NAME=x HANDLER=runc AGE=100s")]
    [InlineData("events.k8s.io/v1", "Event", "\"reason\":\"R\",\"type\":\"Normal\",\"note\":\"n\",\"regarding\":{\"kind\":\"Pod\",\"name\":\"p\"},\"eventTime\":\"1970-01-12T13:45:00.000000Z\",\"reportingController\":\"c\"",
        "LAST SEEN=100s TYPE=Normal REASON=R OBJECT=pod/p SUBOBJECT= SOURCE=c MESSAGE=n FIRST SEEN=100s COUNT=1 NAME=x")]
    public void Cells_OfKind_AreWhatKubectlPrints(string apiVersion, string kind, string fields, string row)
    {
        var type = ResourceCatalog.FindKind(apiVersion, kind)!;
        var json = $"{{{Meta},{fields.Replace("TEMPLATE", Template, StringComparison.Ordinal)}}}";
        var obj = (IApiObject)JsonCodec.Decode(System.Text.Encoding.UTF8.GetBytes(json), type.Descriptor, FieldValidation.Strict, null);
        var table = TableColumns.For(type);

        Assert.Equal(row, string.Join(' ', table.Columns.Zip(table.Cells(obj, Now), (column, cell) => $"{column.Name.ToUpperInvariant()}={cell}")));
    }
}
