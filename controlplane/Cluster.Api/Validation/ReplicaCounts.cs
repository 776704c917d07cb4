namespace Cluster.Api.Validation;

/// <summary>The counters of a status that must fit each other: no part is larger than the whole.</summary>
/// <param name="Replicas">All of them.</param>
/// <param name="FullyLabeled">None for kinds whose status has no such counter.</param>
/// <param name="Ready">Of all.</param>
/// <param name="Available">Of the ready ones.</param>
/// <param name="ObservedGeneration">Of the spec that the counters belong to.</param>
internal sealed record ReplicaCounts(int Replicas, int? FullyLabeled, int Ready, int Available, long ObservedGeneration)
{
    private const string MoreThanAll = "cannot be greater than status.replicas";
    private static readonly FieldPath Status = FieldPath.Status;

    public void Check(FieldErrors errors)
    {
        errors.NotNegative(Status.Child("replicas"), Replicas);
        errors.NotNegative(Status.Child("fullyLabeledReplicas"), FullyLabeled ?? 0);
        errors.NotNegative(Status.Child("readyReplicas"), Ready);
        errors.NotNegative(Status.Child("availableReplicas"), Available);
        errors.NotNegative(Status.Child("observedGeneration"), ObservedGeneration);
        PartOf(FullyLabeled ?? Replicas, Replicas, "fullyLabeledReplicas", MoreThanAll, errors);
        PartOf(Ready, Replicas, "readyReplicas", MoreThanAll, errors);
        PartOf(Available, Replicas, "availableReplicas", MoreThanAll, errors);
        PartOf(Available, Ready, "availableReplicas", "cannot be greater than readyReplicas", errors);
    }

    internal static void PartOf(int part, int whole, string field, string complaint, FieldErrors errors)
    {
        if (part > whole)
        {
            errors.Invalid(Status.Child(field), part, complaint);
        }
    }
}
