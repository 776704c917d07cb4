using Cluster.Api.CoreV1;
using Google.Protobuf.Collections;

namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>A container of any sort, as far as it is looked at.</summary>
internal readonly record struct ContainerSubject(string Name, SecurityContext? Security, RepeatedField<ContainerPort> Ports);
