using Cluster.Api.AutoscalingV1;

namespace Cluster.Api.Validation;

/// <summary>A scale stands for another object: its metadata is that object's.</summary>
internal sealed class ScaleRules : IKindRules
{
    public void Create(IApiObject obj, FieldErrors errors) =>
        errors.NotNegative(FieldPath.Spec.Child("replicas"), ((Scale)obj).Spec?.Replicas ?? 0);

    public void Update(IApiObject obj, IApiObject before, FieldErrors errors) => Create(obj, errors);

    public void StatusUpdate(IApiObject obj, IApiObject before, FieldErrors errors) => Create(obj, errors);
}
