using Cluster.Api.AppsV1;
using Cluster.Api.AutoscalingV2;
using Cluster.Api.BatchV1;
using Cluster.Api.CertificatesV1;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Api.NetworkingV1;
using Cluster.Api.NodeV1;
using Cluster.Api.PolicyV1;
using Cluster.Api.RbacV1;
using Cluster.Api.SchedulingV1;
using Cluster.Api.StorageV1;
using Cluster.Api.Custom;
using Cluster.Api.Custom.Schemas;
using Google.Protobuf.Reflection;
using Scale = Cluster.Api.AutoscalingV1.Scale;

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
        [LimitRange.Descriptor] = new LimitRangeRules(),
        [ResourceQuota.Descriptor] = new ResourceQuotaRules(),
        [PersistentVolume.Descriptor] = new PersistentVolumeRules(),
        [PersistentVolumeClaim.Descriptor] = new PersistentVolumeClaimRules(),
        [StatefulSet.Descriptor] = new StatefulSetRules(),
        [DaemonSet.Descriptor] = new DaemonSetRules(),
        [ControllerRevision.Descriptor] = new ControllerRevisionRules(),
        [Job.Descriptor] = new JobRules(),
        [CronJob.Descriptor] = new CronJobRules(),
        [HorizontalPodAutoscaler.Descriptor] = new AutoscalerRules(),
        [PodDisruptionBudget.Descriptor] = new PodDisruptionBudgetRules(),
        [Ingress.Descriptor] = new IngressRules(),
        [IngressClass.Descriptor] = new IngressClassRules(),
        [NetworkPolicy.Descriptor] = new NetworkPolicyRules(),
        [Role.Descriptor] = new RoleRules(),
        [RoleBinding.Descriptor] = new RoleBindingRules(),
        [ClusterRole.Descriptor] = new ClusterRoleRules(),
        [ClusterRoleBinding.Descriptor] = new ClusterRoleBindingRules(),
        [PriorityClass.Descriptor] = new PriorityClassRules(),
        [RuntimeClass.Descriptor] = new RuntimeClassRules(),
        [StorageClass.Descriptor] = new StorageClassRules(),
        [VolumeAttachment.Descriptor] = new VolumeAttachmentRules(),
        [CSIDriver.Descriptor] = new CsiDriverRules(),
        [CSINode.Descriptor] = new CsiNodeRules(),
        [CSIStorageCapacity.Descriptor] = new CsiStorageCapacityRules(),
        [AdmissionRegistrationV1.MutatingWebhookConfiguration.Descriptor] = new MutatingWebhookRules(),
        [AdmissionRegistrationV1.ValidatingWebhookConfiguration.Descriptor] = new ValidatingWebhookRules(),
        [ApiExtensionsV1.CustomResourceDefinition.Descriptor] = new CustomResourceDefinitionRules(),
        [CertificateSigningRequest.Descriptor] = new SigningRequestRules(),
    };

    private static readonly EventRules StrictEvents = new(isStrict: true);

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

    /// <summary>All that is wrong with the containers that are added to a running pod to look into it.</summary>
    public static List<FieldError> ValidateEphemeralContainers(Pod newObj, Pod oldObj)
    {
        var errors = new FieldErrors();
        EphemeralContainerRules.Update(newObj, oldObj, errors);
        return errors;
    }

    /// <summary>All that is wrong with a new event that is written as one of events.k8s.io.</summary>
    public static List<FieldError> ValidateStrictCreate(Event obj)
    {
        var errors = new FieldErrors();
        StrictEvents.Create(obj, errors);
        return errors;
    }

    /// <summary>All that is wrong with a new state of an event that is written as one of events.k8s.io.</summary>
    public static List<FieldError> ValidateStrictUpdate(Event newObj, Event oldObj)
    {
        var errors = new FieldErrors();
        StrictEvents.Update(newObj, oldObj, errors);
        return errors;
    }

    /// <summary>All that is wrong with a new object of an added kind.</summary>
    /// <param name="obj">The object.</param>
    /// <param name="type">The version its writer speaks.</param>
    public static List<FieldError> ValidateCreate(CustomObject obj, ResourceType type)
    {
        var errors = new FieldErrors();
        ObjectMetaRules.Create(obj.Metadata ?? new(), type.Namespaced, NameFormats.Dns1123Subdomain, errors, anyFinalizer: true);
        errors.AddRange(SchemaValidation.Find(type.Custom!.Schema, CustomJson.ToTree(obj, type.ApiVersion, type.Kind)));
        return errors;
    }

    /// <summary>All that is wrong with a new state of an object of an added kind. What did not change is not looked at.</summary>
    /// <param name="obj">What is to be stored.</param>
    /// <param name="before">What is stored.</param>
    /// <param name="type">The version its writer speaks.</param>
    public static List<FieldError> ValidateUpdate(CustomObject obj, CustomObject before, ResourceType type)
    {
        var errors = new FieldErrors();
        ObjectMetaRules.Update(obj.Metadata ?? new(), before.Metadata ?? new(), errors, anyFinalizer: true);
        if (!obj.Content.Equals(before.Content))
        {
            errors.AddRange(SchemaValidation.Find(
                type.Custom!.Schema, CustomJson.ToTree(obj, type.ApiVersion, type.Kind), CustomJson.ToTree(before, type.ApiVersion, type.Kind)));
        }

        return errors;
    }

    private static IKindRules? Rules(IApiObject obj) => ByKind.GetValueOrDefault(obj.Descriptor);
}
