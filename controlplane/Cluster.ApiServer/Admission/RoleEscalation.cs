using Cluster.Api;
using Cluster.Api.RbacV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Authorization.Rbac;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Admission;

/// <summary>
/// Nobody gives what they do not have: a role's rules must be held by who writes them, and a bound role's by who binds it. The verbs
/// <c>escalate</c> on a role and <c>bind</c> on the bound one lift the rule.
/// </summary>
internal sealed class RoleEscalation(RbacIndex index, RbacAuthorizer rules, IAuthorizer authorizer) : IAdmissionPlugin
{
    private const long MaxRights = 50_000;

    private static readonly PolicyRule[] Everything =
    [
        new() { Verbs = { "*" }, ApiGroups = { "*" }, Resources = { "*" } }, new() { Verbs = { "*" }, NonResourceURLs = { "*" } },
    ];

    public string Name => "RoleEscalation";

    public async ValueTask AdmitAsync(AdmissionRequest request, CancellationToken cancellationToken)
    {
        if (!index.Covers(request.Scope.Resource) || request.Object is not { } obj || request.Scope.User.IsInGroup(UserIdentity.MastersGroup)
            || IsOnlyReleased(obj, request.OldObject))
            return;
        switch (obj)
        {
            case Role role:
                await CheckRoleAsync(request, role.Rules, cancellationToken);
                break;
            case ClusterRole role when role.AggregationRule is not null || request.OldObject is ClusterRole { AggregationRule: not null }:
                await CheckGatheredAsync(request, role, cancellationToken);
                break;
            case ClusterRole role:
                await CheckRoleAsync(request, role.Rules, cancellationToken);
                break;
            case RoleBinding binding:
                await CheckBindingAsync(request, binding.RoleRef, cancellationToken);
                break;
            case ClusterRoleBinding binding:
                await CheckBindingAsync(request, binding.RoleRef, cancellationToken);
                break;
        }
    }

    // The garbage collector takes owners and finalizers away without holding what the role gives.
    private static bool IsOnlyReleased(IApiObject obj, IApiObject? old)
    {
        if (old is null)
            return false;
        var same = obj.Copy();
        same.Metadata.OwnerReferences.Clear();
        same.Metadata.OwnerReferences.Add(old.Metadata.OwnerReferences);
        same.Metadata.Finalizers.Clear();
        same.Metadata.Finalizers.Add(old.Metadata.Finalizers);
        same.Metadata.ManagedFields.Clear();
        same.Metadata.ManagedFields.Add(old.Metadata.ManagedFields);
        return same.Equals(old);
    }

    private async ValueTask CheckRoleAsync(AdmissionRequest request, IReadOnlyList<PolicyRule> wanted, CancellationToken cancellationToken)
    {
        if (!await MayAsync(request, "escalate", request.Scope.Resource.Plural, NameOf(request), cancellationToken))
            CheckHeld(request, wanted);
    }

    // What a selector will gather is not known yet: it may be anything.
    private async ValueTask CheckGatheredAsync(AdmissionRequest request, ClusterRole role, CancellationToken cancellationToken)
    {
        if (await MayAsync(request, "escalate", request.Scope.Resource.Plural, NameOf(request), cancellationToken))
            return;
        if (Missing(request, Everything, []).Count > 0)
            throw StatusErrors.Forbidden(request.Scope.Resource, NameOf(request), "must have cluster-admin privileges to use the aggregationRule");
        CheckHeld(request, role.Rules);
    }

    private async ValueTask CheckBindingAsync(AdmissionRequest request, RoleRef? role, CancellationToken cancellationToken)
    {
        var plural = role?.Kind switch { "ClusterRole" => "clusterroles", "Role" => "roles", _ => null };
        // A reference to nothing known is refused by validation, in its words.
        if (plural is null || await MayAsync(request, "bind", plural, role!.Name, cancellationToken))
            return;
        if (index.RulesOf(role, request.Scope.Namespace ?? "") is not { } bound)
            throw StatusErrors.NotFound(Policy, plural, role.Name);
        CheckHeld(request, bound);
    }

    private static string Policy => Authorization.Policy.PolicyObjects.ApiGroup;

    private async ValueTask<bool> MayAsync(
        AdmissionRequest request, string verb, string plural, string name, CancellationToken cancellationToken)
    {
        var question = new AuthorizationRequest
        {
            User = request.Scope.User, Verb = verb, Group = Policy, Resource = plural, Name = name, Namespace = request.Scope.Namespace ?? "",
        };
        return (await authorizer.AuthorizeAsync(question, cancellationToken)).Allowed;
    }

    private void CheckHeld(AdmissionRequest request, IReadOnlyList<PolicyRule> wanted)
    {
        // Each is looked for in all that the user has: a body of 3 MB could name thousands of millions.
        if (RuleCover.Count(wanted) is > MaxRights and var count)
            throw StatusErrors.BadRequest($"the rules name {count} single rights, of at most {MaxRights} it can be checked whether {request.Scope.User.Name} holds them");
        List<string> errors = [];
        if (Missing(request, wanted, errors) is not { Count: > 0 } missing)
            return;
        var user = request.Scope.User;
        var text = $"user {GoText.Quote(user.Name)} (groups={RuleText.Quote(user.Groups)}) is attempting to grant RBAC permissions not currently held:\n"
            + RuleText.Lines(missing);
        if (errors.Count > 0)
            text += $"; resolution errors: [{string.Join(" ", errors)}]";
        throw StatusErrors.Forbidden(request.Scope.Resource, NameOf(request), text);
    }

    private IReadOnlyList<PolicyRule> Missing(AdmissionRequest request, IEnumerable<PolicyRule> wanted, List<string> errors) =>
        RuleCover.Missing([.. rules.RulesOf(request.Scope.User, request.Scope.Namespace ?? "", errors)], wanted);

    private static string NameOf(AdmissionRequest request) => request.Scope.Name ?? request.Object!.Metadata.Name;
}
