namespace Cluster.Controllers.Replication;

/// <summary>The status of a replicating kind, whichever it is.</summary>
/// <param name="Replicas">Active pods.</param>
/// <param name="FullyLabeled">Those with all labels of the template.</param>
/// <param name="Ready">Those that are ready.</param>
/// <param name="Available">Those that have been ready for minReadySeconds.</param>
/// <param name="ObservedGeneration">The generation the counts belong to.</param>
/// <param name="Failure">Why pods could not be made or deleted, or null.</param>
internal sealed record ReplicaCounts(int Replicas, int FullyLabeled, int Ready, int Available, long ObservedGeneration, ReplicaFailure? Failure);

/// <summary>The ReplicaFailure condition.</summary>
/// <param name="Reason"><c>FailedCreate</c> or <c>FailedDelete</c>.</param>
/// <param name="Message">What the API server said.</param>
/// <param name="Since">When it began.</param>
internal sealed record ReplicaFailure(string Reason, string Message, DateTimeOffset Since);
