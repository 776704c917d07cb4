using System.Collections.Concurrent;
using System.Collections.Immutable;
using Cluster.Api;
using Cluster.Api.RbacV1;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Authorization.Rbac;

/// <summary>
/// All roles by name, and all bindings by whom they mean, kept in step with the cache. A question costs one look-up for the user and one
/// for each group, however many bindings there are.
/// </summary>
/// <remarks>Written by the store feed alone; read freely, without a lock.</remarks>
internal sealed class RbacIndex : IObjectIndex
{
    private static readonly ResourceType Roles = ResourceCatalog.For<Role>();
    private static readonly ResourceType ClusterRoles = ResourceCatalog.For<ClusterRole>();
    private static readonly ResourceType Bindings = ResourceCatalog.For<RoleBinding>();
    private static readonly ResourceType ClusterBindings = ResourceCatalog.For<ClusterRoleBinding>();

    private readonly ConcurrentDictionary<(string Namespace, string Name), IReadOnlyList<PolicyRule>> _rules = new();
    private readonly ConcurrentDictionary<SubjectKey, ImmutableDictionary<string, Grant>> _grants = new();

    public bool Covers(ResourceType type) => type == Roles || type == ClusterRoles || type == Bindings || type == ClusterBindings;

    /// <summary>What is granted to a subject.</summary>
    public IEnumerable<Grant> GrantsTo(SubjectKey subject) => _grants.TryGetValue(subject, out var grants) ? grants.Values : [];

    /// <summary>The rules of the role a binding in a namespace refers to; null: there is no such role.</summary>
    public IReadOnlyList<PolicyRule>? RulesOf(RoleRef role, string ns) =>
        _rules.GetValueOrDefault((role.Kind == Roles.Kind ? ns : "", role.Name));

    public void Change(ResourceType type, string key, IApiObject? previous, IApiObject? current)
    {
        if (type == Roles || type == ClusterRoles)
        {
            ChangeRole(previous, current);
            return;
        }

        // New ones first: at no moment is a grant missing that holds before and after.
        if (current is not null)
        {
            foreach (var (subject, grant) in GrantsOf(current))
                _grants[subject] = (_grants.GetValueOrDefault(subject) ?? ImmutableDictionary<string, Grant>.Empty).SetItem(key, grant);
        }

        if (previous is not null)
            Remove(key, GrantsOf(previous).Select(old => old.Key).Except(GrantsOf(current).Select(now => now.Key)));
    }

    private void ChangeRole(IApiObject? previous, IApiObject? current)
    {
        var meta = (current ?? previous)!.Metadata;
        if (current is null)
            _rules.TryRemove((meta.Namespace, meta.Name), out _);
        else
            _rules[(meta.Namespace, meta.Name)] = current is Role role ? role.Rules : ((ClusterRole)current).Rules;
    }

    private void Remove(string key, IEnumerable<SubjectKey> subjects)
    {
        foreach (var subject in subjects)
        {
            if (_grants.GetValueOrDefault(subject)?.Remove(key) is { Count: > 0 } left)
                _grants[subject] = left;
            else
                _grants.TryRemove(subject, out _);
        }
    }

    private static IEnumerable<KeyValuePair<SubjectKey, Grant>> GrantsOf(IApiObject? binding)
    {
        var (subjects, role) = binding switch
        {
            RoleBinding one => (one.Subjects, one.RoleRef),
            ClusterRoleBinding one => (one.Subjects, one.RoleRef),
            _ => ([], null),
        };
        foreach (var subject in subjects)
        {
            if (role is not null && SubjectKey.Of(subject, binding!.Metadata.Namespace) is { } who)
                yield return new(who, new Grant(binding.Metadata.Namespace, binding.Metadata.Name, role, subject));
        }
    }
}
