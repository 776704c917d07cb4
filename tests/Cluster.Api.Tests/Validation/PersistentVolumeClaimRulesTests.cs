using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Resource;
using Cluster.Api.Validation;

namespace Cluster.Api.Tests.Validation;

public class PersistentVolumeClaimRulesTests
{
    private const string OldAnnotation = "volume.beta.kubernetes.io/storage-class";

    [Theory]
    [InlineData(null, null, "fast", true)]
    [InlineData(null, "fast", "fast", true)]
    [InlineData(null, "fast", "slow", false)]
    [InlineData("", null, "fast", false)]
    [InlineData("fast", null, "slow", false)]
    [InlineData("fast", null, null, false)]
    public void ValidateUpdate_Class_MayOnlyBeGivenWhereThereWasNone(string? old, string? annotated, string? now, bool isAllowed)
    {
        var before = Claim(old, annotated);
        var errors = Validator.ValidateUpdate(Claim(now, annotated), before);

        if (isAllowed)
            Assert.Empty(errors);
        else
            Assert.StartsWith("spec: Forbidden: spec is immutable after creation except", Assert.Single(errors).Message, StringComparison.Ordinal);
    }

    private static PersistentVolumeClaim Claim(string? name, string? annotated)
    {
        var claim = new PersistentVolumeClaim
        {
            Metadata = new ObjectMeta { Name = "data", Namespace = "default" },
            Spec = new()
            {
                AccessModes = { "ReadWriteOnce" }, VolumeMode = "Filesystem",
                Resources = new() { Requests = { ["storage"] = new Quantity { String = "1Gi" } } },
            },
        };
        if (name is not null)
            claim.Spec.StorageClassName = name;
        if (annotated is not null)
            claim.Metadata.Annotations[OldAnnotation] = annotated;
        return claim;
    }
}
