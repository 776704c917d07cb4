namespace Cluster.ApiServer.Authorization.Nodes;

/// <summary>What a pod needs of its namespace.</summary>
/// <param name="Resource">The plural: secrets, configmaps, persistentvolumeclaims or serviceaccounts.</param>
/// <param name="Namespace">The pod's.</param>
/// <param name="Name">The object's.</param>
internal readonly record struct PodReference(string Resource, string Namespace, string Name)
{
    public const string Secrets = "secrets";

    public const string ConfigMaps = "configmaps";

    public const string Claims = "persistentvolumeclaims";

    public const string Accounts = "serviceaccounts";
}
