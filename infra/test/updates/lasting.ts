// What must outlast every update: replaced or removed, it takes with it what cannot be had back.

/** Why a resource of a type, in the stack that is named if it is, must stay. */
export const LASTING: Readonly<Record<string, string>> = {
  "AWS::Cognito::UserPool": "its users are gone",
  "AWS::Cognito::UserPoolClient": "every session ends, and the edge has the old one's secret",
  "AWS::Cognito::UserPoolDomain": "the address of the login pages changes, to which passkeys are bound",
  "AWS::S3::Bucket": "a retained bucket keeps its name, and a deleted one its logs no longer",
  "AWS::Logs::LogGroup": "its logs are gone",
  "AWS::SecretsManager::Secret": "CloudFront may still send it",
  "AWS::ElasticLoadBalancingV2::LoadBalancer": "its host name is what the origin answers to, and the VPC origin holds it",
  "AWS::ElasticLoadBalancingV2::TargetGroup": "tasks are registered there",
  "AWS::CloudFront::Distribution": "its host name is the edge's address of the origin, and the audience of identities",
  "AWS::ECS::Cluster": "tasks run there",
  "AWS::ECS::Service": "all tasks stop before others run",
  "AWS::EC2::VPC": "everything is in it",
  "AWS::EC2::Subnet": "tasks and load balancer are in it",
  "AWS::EC2::SecurityGroup": "tasks and load balancer use it",
  // Named by its ARN in another stack, which still uses it when CloudFormation deletes it.
  "AWS::WAFv2::WebACL": "an associated firewall cannot be deleted",
  "AWS::SNS::Topic": "whoever subscribed must subscribe anew",
};
