using Cluster.Api.RbacV1;

namespace Cluster.ApiServer.Authorization.Rbac;

/// <summary>Whom a binding means: a user or a group, in one namespace or everywhere.</summary>
/// <param name="Namespace">Where the binding holds; empty: in the whole cluster.</param>
/// <param name="IsGroup">A group; otherwise a user, be it a service account.</param>
/// <param name="Name">The name that authentication gives.</param>
internal readonly record struct SubjectKey(string Namespace, bool IsGroup, string Name)
{
    /// <summary>Null for a kind nobody knows: it means nobody.</summary>
    public static SubjectKey? Of(Subject subject, string bindingNamespace) => subject.Kind switch
    {
        "User" => new SubjectKey(bindingNamespace, false, subject.Name),
        "Group" => new SubjectKey(bindingNamespace, true, subject.Name),
        "ServiceAccount" when AccountNamespace(subject, bindingNamespace) is { Length: > 0 } ns =>
            new SubjectKey(bindingNamespace, false, $"system:serviceaccount:{ns}:{subject.Name}"),
        _ => null,
    };

    // An account without namespace is one of the binding's own.
    private static string AccountNamespace(Subject subject, string bindingNamespace) =>
        subject.Namespace.Length > 0 ? subject.Namespace : bindingNamespace;
}
