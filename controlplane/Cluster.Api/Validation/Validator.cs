using Cluster.Api.AppsV1;
using Cluster.Api.AutoscalingV1;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Validation;

/// <summary>
/// Says what is wrong with an object, after defaulting and admission and before it is stored. Only the object and its former
/// state count; what needs other objects is admission's. Thread-safe.
/// </summary>
public static class Validator
{
    private static readonly Dictionary<MessageDescriptor, IKindRules> ByKind = new()
    {
        [Namespace.Descriptor] = new NamespaceRules(),
        [Node.Descriptor] = new NodeRules(),
        [Pod.Descriptor] = new PodRules(),
        [PodTemplate.Descriptor] = new PodTemplateRules(),
        [ReplicationController.Descriptor] = new ReplicationControllerRules(),
        [ReplicaSet.Descriptor] = new ReplicaSetRules(),
        [Deployment.Descriptor] = new DeploymentRules(),
        [Service.Descriptor] = new ServiceRules(),
        [Endpoints.Descriptor] = new EndpointsRules(),
        [EndpointSlice.Descriptor] = new EndpointSliceRules(),
        [ConfigMap.Descriptor] = new ConfigMapRules(),
        [Secret.Descriptor] = new SecretRules(),
        [ServiceAccount.Descriptor] = new ServiceAccountRules(),
        [Event.Descriptor] = new EventRules(),
        [Lease.Descriptor] = new LeaseRules(),
        [Binding.Descriptor] = new BindingRules(),
        [Scale.Descriptor] = new ScaleRules(),
    };

    /// <summary>All that is wrong with a new object; empty when it may be stored.</summary>
    public static List<FieldError> ValidateCreate(IApiObject obj)
    {
        var errors = new FieldErrors();
        Rules(obj)?.Create(obj, errors);
        return errors;
    }

    /// <summary>All that is wrong with a new state, and with the step to it.</summary>
    /// <param name="newObj">What is to be stored.</param>
    /// <param name="oldObj">What is stored.</param>
    public static List<FieldError> ValidateUpdate(IApiObject newObj, IApiObject oldObj)
    {
        var errors = new FieldErrors();
        Rules(newObj)?.Update(newObj, oldObj, errors);
        return errors;
    }

    /// <summary>All that is wrong with a new status, and with the step to it.</summary>
    public static List<FieldError> ValidateStatusUpdate(IApiObject newObj, IApiObject oldObj)
    {
        var errors = new FieldErrors();
        Rules(newObj)?.StatusUpdate(newObj, oldObj, errors);
        return errors;
    }

    private static IKindRules? Rules(IApiObject obj) => ByKind.GetValueOrDefault(obj.Descriptor);
}
