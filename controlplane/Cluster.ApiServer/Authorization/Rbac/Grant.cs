using Cluster.Api;
using Cluster.Api.RbacV1;

namespace Cluster.ApiServer.Authorization.Rbac;

/// <summary>One subject of one binding: it has the role's rules.</summary>
/// <param name="Namespace">The binding's; empty for a ClusterRoleBinding.</param>
/// <param name="Binding">The binding's name.</param>
/// <param name="Role">The role given.</param>
/// <param name="Subject">As the binding names it.</param>
internal sealed record Grant(string Namespace, string Binding, RoleRef Role, Subject Subject)
{
    private string? _reason;

    /// <summary>Why a request is allowed by it; made once, not with each request.</summary>
    public string Reason => _reason ??= $"RBAC: allowed by {this}";

    /// <summary>For people: which binding gives what to whom.</summary>
    public override string ToString() => Namespace.Length == 0
        ? $"ClusterRoleBinding {GoText.Quote(Binding)} of {Role.Kind} {GoText.Quote(Role.Name)} to {Name}"
        : $"RoleBinding {GoText.Quote($"{Binding}/{Namespace}")} of {Role.Kind} {GoText.Quote(Role.Name)} to {Name}";

    private string Name => Subject.Kind == "ServiceAccount"
        ? $"{Subject.Kind} {GoText.Quote($"{Subject.Name}/{(Subject.Namespace.Length > 0 ? Subject.Namespace : Namespace)}")}"
        : $"{Subject.Kind} {GoText.Quote(Subject.Name)}";
}
