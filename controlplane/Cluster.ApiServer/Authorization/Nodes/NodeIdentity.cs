using Cluster.ApiServer.Authentication;

namespace Cluster.ApiServer.Authorization.Nodes;

/// <summary>Which users are kubelets: named <c>system:node:NAME</c> and in the group <c>system:nodes</c>.</summary>
internal static class NodeIdentity
{
    private const string Prefix = "system:node:";
    private const string Group = "system:nodes";

    /// <summary>The node's name; empty: a node that does not say which; null: no node.</summary>
    public static string? NameOf(UserIdentity user)
    {
        if (!user.IsInGroup(Group))
            return null;
        return user.Name.StartsWith(Prefix, StringComparison.Ordinal) ? user.Name[Prefix.Length..] : "";
    }
}
